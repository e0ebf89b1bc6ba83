// The admin API described for machines. tests/operate/admin_test.py asks for every path in it.
#include "admin/admin_api.hpp"

namespace weir::admin {
namespace {

constexpr std::string_view document = R"json({
  "openapi": "3.0.3",
  "info": {"title": "weir admin API", "version": "0.1.0", "description": "On the admin address. What changes something wants admin.token as a bearer token, or an address that only this machine can reach."},
  "components": {
    "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    "responses": {
      "done": {"description": "done", "content": {"application/json": {"schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}}}}},
      "fault": {"description": "what is wrong, in words", "content": {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "object", "properties": {"message": {"type": "string"}}}}}}}}
    },
    "parameters": {
      "pool": {"name": "pool", "in": "path", "required": true, "schema": {"type": "string"}},
      "upstream": {"name": "upstream", "in": "path", "required": true, "schema": {"type": "string"}}
    },
    "schemas": {
      "open_request": {"type": "object", "properties": {
        "request_id": {"type": "string"}, "client": {"type": "string"}, "key": {"type": "string", "nullable": true}, "endpoint": {"type": "string"},
        "model": {"type": "string", "nullable": true}, "pool": {"type": "string", "nullable": true}, "upstream": {"type": "string", "nullable": true},
        "stream": {"type": "boolean"}, "age_ms": {"type": "integer"}, "output_tokens": {"type": "integer"}, "cost_usd": {"type": "string"}}},
      "key": {"type": "object", "properties": {
        "name": {"type": "string"}, "models": {"type": "array", "items": {"type": "string"}},
        "endpoints": {"type": "array", "items": {"type": "string"}, "description": "as the conf says them; empty: all, or with models, budgets or max_output_tokens those whose model and usage are read"},
        "unpriced": {"type": "string", "enum": ["refuse", "serve"], "description": "what becomes of models without a price"},
        "labels": {"type": "object"}, "in_flight": {"type": "integer"}, "concurrent": {"type": "integer", "nullable": true},
        "requests_per_minute": {"type": "integer", "nullable": true}, "tokens_per_minute": {"type": "integer", "nullable": true}, "expires": {"type": "string", "nullable": true}, "expired": {"type": "boolean"},
        "today": {"type": "object"}, "budgets": {"type": "array", "items": {"type": "object"}}}}
    }
  },
  "security": [{}, {"token": []}],
  "paths": {
    "/api/status": {"get": {"summary": "conf, listeners, pools, upstreams, routes and keys as they are now", "responses": {"200": {"description": "JSON"}}}},
    "/api/live": {"get": {"summary": "traffic, open requests, recent errors, spend of today, and the status", "responses": {"200": {"description": "JSON"}, "401": {"$ref": "#/components/responses/fault"}, "403": {"$ref": "#/components/responses/fault"}}}},
    "/api/events": {"get": {"summary": "the live view once a second, as server-sent events", "responses": {"200": {"description": "text/event-stream"}, "401": {"$ref": "#/components/responses/fault"}}}},
    "/api/requests": {"get": {"summary": "requests being served", "responses": {"200": {"description": "JSON", "content": {"application/json": {"schema": {"type": "object", "properties": {"open": {"type": "array", "items": {"$ref": "#/components/schemas/open_request"}}}}}}}}}},
    "/api/requests/{request_id}": {"delete": {"summary": "end a request: its stream gets the dialect's error event and is cut", "parameters": [{"name": "request_id", "in": "path", "required": true, "schema": {"type": "string"}}], "responses": {"200": {"$ref": "#/components/responses/done"}, "404": {"$ref": "#/components/responses/fault"}}}},
    "/api/pools/{pool}/upstreams/{upstream}": {"put": {"summary": "give an upstream another weight, until it is told otherwise or weir ends; null: the conf's own", "parameters": [{"$ref": "#/components/parameters/pool"}, {"$ref": "#/components/parameters/upstream"}],
      "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["weight"], "properties": {"weight": {"type": "integer", "minimum": 0, "maximum": 1000, "nullable": true}}}}}}, "responses": {"200": {"$ref": "#/components/responses/done"}, "400": {"$ref": "#/components/responses/fault"}, "404": {"$ref": "#/components/responses/fault"}}}},
    "/api/pools/{pool}/upstreams/{upstream}/drain": {"post": {"summary": "send an upstream no new requests", "parameters": [{"$ref": "#/components/parameters/pool"}, {"$ref": "#/components/parameters/upstream"}], "responses": {"200": {"$ref": "#/components/responses/done"}, "404": {"$ref": "#/components/responses/fault"}}}},
    "/api/pools/{pool}/upstreams/{upstream}/undrain": {"post": {"summary": "let an upstream take requests again", "parameters": [{"$ref": "#/components/parameters/pool"}, {"$ref": "#/components/parameters/upstream"}], "responses": {"200": {"$ref": "#/components/responses/done"}, "404": {"$ref": "#/components/responses/fault"}}}},
    "/api/reload": {"post": {"summary": "check the conf and apply it; conf.last_reload_ok of /api/status says how it went", "responses": {"202": {"$ref": "#/components/responses/done"}, "422": {"$ref": "#/components/responses/fault"}}}},
    "/api/keys": {"get": {"summary": "limits, budgets and today's usage of every key", "responses": {"200": {"description": "JSON", "content": {"application/json": {"schema": {"type": "object", "properties": {"keys": {"type": "array", "items": {"$ref": "#/components/schemas/key"}}}}}}}}}},
    "/api/ledger": {"get": {"summary": "the ledger's sums, as weir spend shows them", "parameters": [
      {"name": "by", "in": "query", "schema": {"type": "string", "default": "key,model,day"}}, {"name": "since", "in": "query", "schema": {"type": "string"}},
      {"name": "until", "in": "query", "schema": {"type": "string"}}, {"name": "where", "in": "query", "description": "FIELD=VALUE, only rows with this value; may be said several times", "schema": {"type": "array", "items": {"type": "string"}}},
      {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["json", "csv"]}}], "responses": {"200": {"description": "JSON or CSV"}, "400": {"$ref": "#/components/responses/fault"}}}},
    "/api/openapi.json": {"get": {"summary": "this document", "responses": {"200": {"description": "JSON"}}}}
  }
}
)json";

}  // namespace

std::string_view openapi_document() { return document; }

}  // namespace weir::admin
