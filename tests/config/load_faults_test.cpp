// Every kind of fault, each at its exact place. `@@` in a text stands before the place where the fault must be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/fixtures.hpp"

namespace {

using namespace weir::config;
using testing::HasSubstr;
using testing::Not;

struct fault_case {
    const char* name;
    std::string text;     ///< with one `@@`
    const char* message;  ///< a part of it
    bool warning = false;
};

struct expected_fault {
    std::string text;
    int line = 1, column = 1;
};

expected_fault without_marker(const std::string& marked) {
    expected_fault result{marked};
    const std::size_t at = marked.find("@@");
    if (at == std::string::npos) ADD_FAILURE() << "no marker";
    result.text.erase(at, 2);
    for (std::size_t i = 0; i < at; ++i) {
        ++result.column;
        if (marked[i] == '\n') ++result.line, result.column = 1;
    }
    return result;
}

const std::string listener = "listeners: [{address: 127.0.0.1:8080}]\n";
const std::string pool = "pools: {p: {upstreams: [{url: 'http://u/v1'}]}}\n";

std::string with(const std::string& more) { return listener + pool + more; }
std::string in_pool(const std::string& more) { return listener + "pools:\n  p:\n    upstreams: [{url: 'http://u/v1'}]\n    " + more + "\n"; }
std::string in_pair(const std::string& more) {
    return listener + "pools:\n  p:\n    upstreams: [{url: 'http://u/v1'}, {url: 'http://v/v1'}]\n    " + more + "\n";
}
std::string in_upstream(const std::string& more) { return listener + "pools:\n  p:\n    upstreams:\n      - " + more + "\n"; }
std::string in_route(const std::string& more) { return with("routes:\n  - {models: ['*'], pool: p}\n  - " + more + "\n"); }
std::string in_star(const std::string& route) { return with("routes: [" + route + "]\n"); }
std::string in_key(const std::string& more) { return with("keys:\n  - {name: k, secret: '${SET}', " + more + "}\n"); }

const environment variables =
    test::environment_of({{"SET", "sk-hunter2"}, {"SAME", "sk-hunter2"}, {"EMPTY", " \n"}, {"LINES", "a\nb"}, {"HOST", "https://u:hunter2@h"}});

class OneFault : public testing::TestWithParam<fault_case> {};

TEST_P(OneFault, IsFoundAtItsPlaceAndIsTheOnlyOne) {
    const expected_fault wanted = without_marker(GetParam().text);
    const loaded result = load_text(wanted.text, "weir.yaml", variables);
    ASSERT_EQ(result.faults.size(), 1u) << test::list_of(result.faults);
    const fault& found = result.faults[0];
    EXPECT_EQ(found.line, wanted.line) << to_string(found);
    EXPECT_EQ(found.column, wanted.column) << to_string(found);
    EXPECT_THAT(found.message, HasSubstr(GetParam().message));
    EXPECT_EQ(found.warning, GetParam().warning);
    EXPECT_EQ(result.value == nullptr, !GetParam().warning);
    EXPECT_THAT(to_string(found), Not(HasSubstr("hunter2")));
}

std::string name_of(const testing::TestParamInfo<fault_case>& info) { return info.param.name; }

const fault_case syntax[] = {
    {"UnclosedQuoteAtTheEnd", with("prices: @@\"prices.yaml\n"), "the quote that opens here is not closed"},
    {"UnclosedSingleQuote", with("prices: @@'it''s\n"), "not closed"},
    {"TabInTheIndentation", with("limits:\n@@\tconnections: 5\n"), "a tab in the indentation"},
    {"UnclosedList", listener + "pools: [1\nx@@: 1\n", "'[' is not closed"},
    {"UnclosedMap", with("limits: {connections: 5\n@@"), "'{' is not closed"},
    {"WrongIndentation", with("limits:\n    connections: 5\n  @@event: 1MiB\n"), "indentation"},
    {"TwoColons", with("workers: a@@: b\n"), "YAML"},
    {"ReferenceInAFlowMap", listener + "pools: {p: {upstreams: [{url: 'http://u', api_key: $@@{SET}}]}}\n", "put quotes around"},
    {"DuplicateKey", with("workers: 1\n@@workers: 2\n"), "duplicate key 'workers', first given at line 3"},
    {"DuplicateKeyDeepDown", in_pool("timeouts: {idle: 1s, @@idle: 2s}"), "duplicate key 'idle'"},
    {"DuplicatePool", listener + "pools:\n  p: {upstreams: [{url: 'http://u'}]}\n  @@p: {upstreams: [{url: 'http://u'}]}\n", "duplicate key 'p'"},
    {"SecondDocument", with("@@---\na: 1\n"), "second document"},
    {"UnknownAlias", with("workers: @@*nowhere\n"), "anchor"},
    {"AliasOfItself", with("routes: &r [@@*r]\n"), "inside what it stands for"},
    {"ControlCharacter", with("workers: @@\x04 2\n"), "control character"},
    {"NotUtf8", with("workers: @@\xff\n"), "not valid UTF-8"},
    {"NotAMapAtAll", "@@just words\n", "expected the conf (a map), found a plain value"},
    {"StarWithoutQuotes", with("routes: [{models: [*@@], pool: p}]\n"), "needs quotes: \"*\""},
    {"QuoteThatRunsOn", listener + "pools:\n  p:\n    upstreams:\n      - {url: @@'http://u, name: x}\nprices: 'a'\n", "does not close on its line"},
    {"QuoteThatRunsOnAndOn", listener + "pools:\n  p:\n    upstreams: [{url: @@\"http://u, name: x}]\nwatch: on\n", "does not close on its line"},
    {"QuoteThatRunsIntoABracket",
     listener + "pools:\n  p:\n    upstreams:\n      - {url: 'http://u, name: x}\nroutes: [{models: ['*'@@], pool: p}]\n",
     "the quote that opens at line 5, column 15 does not close on its line"},
    {"KeyThatIsAList", with("? @@[a]\n: b\n"), "a key must be plain text"},
};
INSTANTIATE_TEST_SUITE_P(Syntax, OneFault, testing::ValuesIn(syntax), name_of);

const fault_case keys_and_types[] = {
    {"NoKeysAtAll", with("keys: @@[]\n"), "keys: the list is empty, which would let everybody in"},
    {"NothingBelowKeys", with("@@keys:\n"), "keys: the list is empty, which would let everybody in"},
    {"HostWithAPort", "listeners: [{address: 127.0.0.1:8080, hosts: [@@'weir.lan:8080']}]\n" + pool,
     "has a port: names stand here without one; did you mean 'weir.lan'?"},
    {"HostThatIsAUrl", "listeners: [{address: 127.0.0.1:8080, hosts: [@@'http://weir.lan']}]\n" + pool, "is a URL"},
    {"HostThatIsNone", "listeners: [{address: 127.0.0.1:8080, hosts: [@@'a b']}]\n" + pool, "is not a host name"},
    {"HostOfTheAdminAddress", with("admin: {hosts: [@@'*']}\n"), "is not a host name"},
    {"ListForAList", in_star("{models: @@gpt-4o, pool: p}"), "models: expected a list, found a plain value; write [gpt-4o]"},
    {"PlainFallback", in_star("{models: ['*'], pool: p, fallback: @@p}"), "write [{pool: p}]"},
    {"PlainUpstream", listener + "pools: {p: {upstreams: [@@'http://u/v1']}}\n", "write {url: http://u/v1}"},
    {"PlainUpstreamWithAPassword", listener + "pools: {p: {upstreams: [@@'http://u:hunter2@h']}}\n",
     "expected an upstream (a map), found a plain value"},
    {"PlainKey", with("keys: [@@sk-hunter2]\n"), "expected a key (a map), found a plain value"},
    {"PlainRetry", in_pool("retry: @@3"), "write {attempts: 3}"},
    {"ListedPools", listener + "pools:\n  @@- {name: p}\n", "write each as NAME: {…}, without the '-'"},
    {"PricesInTheConf", with("prices: @@{models: {a: {input: 1}}}\n"), "write the path of a file"},
    {"NoSpaceBehindAColon", "listeners: [@@'x', {address: 'a:1'}]\n" + pool, "expected a listener (a map)"},
    {"NoSpaceBehindTheColonOfAnAddress", "listeners:\n  - @@address:127.0.0.1:8080\n" + pool, "a space belongs behind the ':' of 'address'"},
    {"DialectOfAnotherName", in_pool("dialect: @@azure"), "did you mean 'openai'?"},
    {"StatusesAsAFamily", in_pool("retry: {on: [@@5xx]}"), "did you mean '500-599'?"},
    {"VariableWithADefault", in_upstream("{url: 'http://u', api_key: @@'${K:-x}'}"), "there are no defaults for variables"},
    {"DecimalWithAComma", in_key("budgets: [{usd: @@'0,50', every: 1d}]"), "did you mean '0.50'?"},
    {"OwnKey", with("@@x-base: {a: 1}\n"), "stands in 'defaults'"},
    {"KeyOfLiteLlm", with("@@model_list: []\n"), "`weir import litellm FILE`"},
    {"BudgetOfLiteLlm", in_key("@@max_budget: 5"), "did you mean 'budgets' in keys[]?"},
    {"UnknownSection", with("@@limts: {}\n"), "unknown key 'limts' in the conf; did you mean 'limits'?"},
    {"UnknownLimit", with("limits: {@@request_heads: 1KiB}\n"), "did you mean 'request_head'?"},
    {"UnknownInPool", in_pool("@@blance: peak_ewma"), "unknown key 'blance' in a pool; did you mean 'balance'?"},
    {"UnknownInUpstream", in_upstream("{url: 'http://u', @@apikey: x}"), "did you mean 'api_key'?"},
    {"UnknownInRetry", in_pool("retry: {@@attempt: 3}"), "did you mean 'attempts'?"},
    {"UnknownInTimeouts", in_pool("timeouts: {@@first-token: 3s}"), "did you mean 'first_token'?"},
    {"UnknownInHealthCheck", in_pool("health_check: {@@intervall: 3s}"), "did you mean 'interval'?"},
    {"UnknownInEjection", in_pool("ejection: {@@maximum: 3s}"), "it knows consecutive_failures, failure_rate, min_requests, window, base"},
    {"UnknownInKeepalive", in_pool("keepalive: {@@idel: 3}"), "did you mean 'idle'?"},
    {"UnknownInUpstreamTls", in_upstream("{url: 'https://u', tls: {@@verfy: no}}"), "did you mean 'verify'?"},
    {"UnknownInRoute", with("routes: [{models: [a], pool: p, @@fallbacks: []}]\n"), "did you mean 'fallback'?"},
    {"UnknownInFallback", with("routes: [{models: [a], pool: p, fallback: [{pool: p, @@modell: x}]}]\n"), "did you mean 'model'?"},
    {"UnknownInKey", in_key("@@budget: []"), "did you mean 'budgets'?"},
    {"UnknownInBudget", in_key("budgets: [{usd: 1, every: 1d, @@eur: 1}]"), "in a budget"},
    {"UnknownInState", with("state: {@@legder: off}\n"), "did you mean 'ledger'?"},
    {"UnknownInLog", with("log: {@@levle: info}\n"), "did you mean 'level'?"},
    {"UnknownInAdmin", with("admin: {@@adress: 'a:1'}\n"), "did you mean 'address'?"},
    {"UnknownMergeKey", with("limits: {@@<<: {}}\n"), "unknown key '<<'"},
    {"ListWhereAMapIsDue", with("limits: @@[a]\n"), "expected limits (a map), found a list"},
    {"MapWhereAListIsDue", with("routes: @@{a: b}\n"), "expected a list, found a map"},
    {"ListWhereTextIsDue", with("workers: @@[1]\n"), "expected a plain value, found a list"},
    {"NothingWhereTextIsDue", in_upstream("url: 'http://u'\n        @@api_key:\n"), "api_key: expected a plain value, found nothing"},
    {"EmptyText", in_upstream("{url: 'http://u', name: @@''}"), "name: is empty"},
    {"ListsOfPools", listener + "pools: @@[]\n", "expected a map, found a list"},
};
INSTANTIATE_TEST_SUITE_P(KeysAndTypes, OneFault, testing::ValuesIn(keys_and_types), name_of);

const fault_case values[] = {
    {"OriginWithAPath", with("cors: {origins: [@@'https://app.example/']}\n"), "did you mean 'https://app.example'?"},
    {"OriginWithoutAScheme", with("cors: {origins: [@@app.example]}\n"), "did you mean 'https://app.example'?"},
    {"OriginWithAWildcard", with("cors: {origins: [@@'https://*.example']}\n"), "name each origin"},
    {"OriginWithoutAHost", with("cors: {origins: [@@'https://:8080']}\n"), "is no origin"},
    {"HeaderThatIsNone", with("cors: {origins: ['*'], headers: [@@'*']}\n"), "is no header name"},
    {"UnknownInModels", with("models: {@@show_price: true}\n"), "did you mean 'show_prices'?"},
    {"CorsWithoutOrigins", with("cors: @@{max_age: 5m}\n"), "needs 'origins'"},
    {"BadSize", with("limits: {event: @@4M}\n"), "did you mean '4MiB'?"},
    {"ZeroSize", with("limits: {event: @@0}\n"), "must be more than 0"},
    {"BadDuration", with("limits: {head_timeout: @@10}\n"), "needs a unit (ms, s, m, h or d); did you mean '10s'?"},
    {"NegativeDuration", with("limits: {head_timeout: @@-1s}\n"), "must not be negative"},
    {"ZeroInterval", in_pool("health_check: {interval: @@0s}"), "must be longer than 0"},
    {"NegativeHoldTokens", in_pool("hold_tokens: @@-1"), "must not be negative"},
    {"UnknownHoldTokens", in_pool("@@hold_token: 4"), "did you mean 'hold_tokens'?"},
    {"HedgeAfterNeitherQuantileNorTime", in_pair("hedge: {after: @@p9}"), "did you mean 'p95'?"},
    {"HedgeAfterWithoutUnit", in_pair("hedge: {after: @@5}"), "did you mean '5s'?"},
    {"HedgeWithoutBudget", in_pair("hedge: {budget: @@0%}"), "say 'hedge: off' instead"},
    {"HedgeBudgetWithoutPercent", in_pair("hedge: {budget: @@5}"), "did you mean '5%'?"},
    {"UnknownHedgeKey", in_pair("hedge: {@@afer: 2s}"), "did you mean 'after'?"},
    {"HedgeWithOneUpstream", in_pool("hedge: @@{after: 2s}"), "has no second upstream", true},
    {"BadQueueSize", in_pool("queue: {size: @@-1}"), "must not be negative"},
    {"BadQueueTimeout", in_pool("queue: {timeout: @@5}"), "did you mean '5s'?"},
    {"BadQueue", in_pool("queue: @@maybe"), "is neither true nor false"},
    {"UnknownQueueKey", in_pool("queue: {@@lenght: 4}"), "lenght"},
    {"BadHeartbeat", in_pool("heartbeat: @@maybe"), "is neither off nor like 10s"},
    {"BadPercent", in_pool("ejection: {max_ejected: @@50}"), "did you mean '50%'?"},
    {"PercentAboveAll", in_pool("retry: {budget: @@101%}"), "out of range (0 to 100)"},
    {"BadBoolean", in_pool("ask_usage: @@maybe"), "is neither true nor false"},
    {"BadChoice", in_pool("balance: @@peakewma"), "did you mean 'peak_ewma'?"},
    {"BadDialect", in_pool("dialect: @@claude"), "is not openai, anthropic or gemini"},
    {"UnknownInDrain", in_pool("drain: {@@token: 5}\n    on_disconnect: drain"), "did you mean 'tokens'?"},
    {"BadOnDisconnect", in_pool("on_disconnect: @@drian"), "did you mean 'drain'?"},
    {"UnknownInMetrics", with("metrics: {@@otel: true}\n"), "did you mean 'otel_names'?"},
    {"UnknownInTracing", with("tracing: {otlp: 'http://c', @@smaple: 1%}\n"), "did you mean 'sample'?"},
    {"TracingWithoutUrl", with("tracing: @@{sample: 1%}\n"), "otlp"},
    {"BadCollector", with("tracing: {otlp: @@'http://u:hunter2@c/'}\n"), "must not contain credentials"},
    {"BadSample", with("tracing: {otlp: 'http://c', sample: @@200%}\n"), "sample"},
    {"BadLevel", with("log: {level: @@warning}\n"), "did you mean 'warn'?"},
    {"BadWorkers", with("workers: @@many\n"), "neither auto nor a whole number"},
    {"ZeroWorkers", with("workers: @@0\n"), "must be at least 1"},
    {"ZeroConnections", with("limits: {connections: @@0}\n"), "must be at least 1"},
    {"NegativeConnections", with("limits: {connections: @@-3}\n"), "must not be negative"},
    {"HugeConnections", with("limits: {connections: @@99999999999}\n"), "out of range"},
    {"LeadingZero", with("limits: {connections: @@010}\n"), "has a leading zero; did you mean '10'?"},
    {"ZeroWeight", in_upstream("{url: 'http://u', weight: @@0}"), "must be at least 1"},
    {"ZeroMaxRequests", in_upstream("{url: 'http://u', max_requests: @@0}"), "must be at least 1"},
    {"ZeroAttempts", in_pool("retry: {attempts: @@0}"), "must be at least 1"},
    {"UnknownReason", in_pool("retry: {on: [@@conect]}"), "did you mean 'connect'?"},
    {"BackwardsStatuses", in_pool("retry: {on: [@@524-520]}"), "did you mean '520-524'?"},
    {"SuccessIsNoReason", in_pool("retry: {on: [@@200]}"), "only 400 to 599 can be retried"},
    {"StatusOutOfRange", in_pool("retry: {on: [@@700]}"), "is not an HTTP status"},
    {"NoReason", in_pool("retry: {on: @@[]}"), "the list is empty"},
    {"BackoffAboveItsLimit", in_pool("retry: {backoff: 5s, max_backoff: @@1s}"), "shorter than backoff"},
    {"EjectionAboveItsLimit", in_pool("ejection: {base: @@10m}"), "max is shorter than base"},
    {"BadExpectation", in_pool("health_check: {expect: @@ok}"), "is not an HTTP status"},
    {"BadHealthPath", in_pool("health_check: {path: @@models}"), "did you mean '/models'?"},
    {"BadAddress", "listeners: [{address: @@':8080'}]\n" + pool, "names no host; did you mean '0.0.0.0:8080'?"},
    {"BadAdminAddress", with("admin: {address: @@9464}\n"), "did you mean '127.0.0.1:9464'?"},
    {"BadGlob", with("routes: [{models: ['*', @@'gpt-[45]'], pool: p}]\n"), "patterns know only"},
    {"RegularExpression", in_key("models: [@@^gpt$]"), "patterns know only"},
    {"UnknownEndpointWord", in_key("endpoints: [chat, @@message]"), "did you mean 'messages'?"},
    {"EndpointThatIsNone", in_key("endpoints: [@@everything]"),
     "the words are chat, completions, responses, count_tokens, embeddings, moderations, rerank, images, audio, video, realtime, files, batches, "
     "fine_tuning, "
     "uploads, messages, gemini, models or other"},
    {"NoEndpointAtAll", in_key("endpoints: @@[]"), "is empty"},
    {"NoBudgetAtAll", in_key("budgets: @@[]"), "no limit at all"},
    {"UnknownUnpriced", in_key("unpriced: @@reject"), "is not refuse or serve"},
    {"BadCidr", in_key("allow: [@@10.0.0.1/8]"), "did you mean '10.0.0.0/8'?"},
    {"NoCidr", in_key("allow: [@@office]"), "is not an IP address"},
    {"BadDate", in_key("expires: @@2027-02-30"), "not a day of the calendar"},
    {"BadSha256", with("keys: [{name: k, sha256: @@hunter2}]\n"), "64 hexadecimal digits"},
    {"NegativeBudget", in_key("budgets: [{usd: @@-5, every: 1d}]"), "must not be negative"},
    {"ZeroBudget", in_key("budgets: [{usd: @@0.00, every: 1d}]"), "must be more than 0"},
    {"BudgetTooPrecise", in_key("budgets: [{usd: @@0.0000000001, every: 1d}]"), "more than 9 digits"},
    {"BudgetWithCurrency", in_key("budgets: [{usd: @@5$, every: 1d}]"), "did you mean '5'?"},
    {"BudgetWindow", in_key("budgets: [{usd: 5, every: @@0}]"), "must be longer than 0"},
    {"BudgetWindowTooFine", in_key("budgets: [{usd: 5, every: @@1500ms}]"), "whole number of seconds"},
    {"SameWindowTwice", in_key("budgets: [{usd: 5, every: 1d}, {usd: 6, every: @@24h}]"), "another budget"},
    {"ZeroRate", in_key("requests_per_minute: @@0"), "must be at least 1"},
    {"BadShared", with("state: {shared: @@'http://u:hunter2@x'}\n"), "must start with redis://"},
    {"TrustedProxy", "listeners: [{address: '127.0.0.1:0', trusted_proxies: [@@10.0.0.0/33]}]\n" + pool, "prefix length"},
    {"SharedWithoutUrl", with("state: {shared: @@{slice: 1%}}\n"), "url"},
    {"SharedWeirs", with("state: {shared: {url: 'redis://r', weirs: @@0}}\n"), "must be at least 1"},
    {"SharedSlice", with("state: {shared: {url: 'redis://r', slice: @@0%}}\n"), "less than 1%"},
    {"SharedOnFailure", with("state: {shared: {url: 'redis://r', on_failure: @@locl}}\n"), "did you mean 'local'?"},
    {"SharedUnknown", with("state: {shared: {url: 'redis://r', @@slize: 1%}}\n"), "did you mean 'slice'?"},
    {"LedgerFailure", with("state: {on_failure: @@refuze}\n"), "did you mean 'refuse'?"},
    {"BadKeep", with("state: {keep: @@90m}\n"), "whole number of hours"},
    {"HeaderName", in_upstream("{url: 'http://u', headers: {@@'a b': x}}"), "is not a header name"},
    {"OwnHeader", in_upstream("{url: 'http://u', headers: {@@Host: x}}"), "written by weir itself"},
    {"HeaderTwice", in_upstream("{url: 'http://u', headers: {X-A: x, @@x-a: y}}"), "given twice"},
    {"HeaderWithLineBreak", in_upstream("{url: 'http://u', headers: {X-A: @@\"a\\r\\nB: c\"}}"), "line break"},
    {"ServerName", in_upstream("{url: 'https://u', tls: {server_name: @@'a:1'}}"), "is not a host name"},
};
INSTANTIATE_TEST_SUITE_P(Values, OneFault, testing::ValuesIn(values), name_of);

const fault_case urls[] = {
    {"WholeEndpoint", in_upstream("url: @@https://api.openai.com/v1/chat/completions"), "did you mean 'https://api.openai.com/v1'?"},
    {"Userinfo", in_upstream("url: @@https://u:hunter2@api.openai.com/v1"), "must not contain credentials"},
    {"Query", in_upstream("url: @@https://api.openai.com/v1?key=hunter2"), "did you mean 'https://api.openai.com/v1'?"},
    {"Fragment", in_upstream("url: @@https://api.openai.com/v1#hunter2"), "must not have a fragment"},
    {"DoubledVersion", in_upstream("url: @@https://api.openai.com/v1/v1"), "repeats /v1"},
    {"NoScheme", in_upstream("url: @@api.openai.com/v1"), "did you mean 'https://api.openai.com/v1'?"},
    {"OtherScheme", in_upstream("url: @@ftp://api.openai.com"), "must start with http:// or https://"},
    {"BadPort", in_upstream("url: @@https://api.openai.com:99999/v1"), "port"},
    {"SecretFromTheEnvironment", in_upstream("url: @@${HOST}/v1"), "must not contain credentials"},
    {"RequestsWithoutAFailureRate", in_pool("ejection: {failure_rate: off, @@min_requests: 30}"), "has no effect, failure_rate is off", true},
    {"WindowWithoutAFailureRate", in_pool("ejection: {failure_rate: off, @@window: 30s}"), "has no effect, failure_rate is off", true},
    {"FailureRateWithoutPercent", in_pool("ejection: {failure_rate: @@50}"), "is not a percentage like 50%; did you mean '50%'?"},
    {"TlsWithoutTls", in_upstream("{url: 'http://u', tls: @@{verify: false}}"), "has no effect", true},
};
INSTANTIATE_TEST_SUITE_P(Urls, OneFault, testing::ValuesIn(urls), name_of);

const fault_case references[] = {
    {"UnsetVariable", in_upstream("{url: 'http://u', api_key: @@'${OPENAI_API_KEY}'}"), "the environment variable OPENAI_API_KEY is not set"},
    {"EmptyVariable", in_upstream("{url: 'http://u', api_key: @@'${EMPTY}'}"), "the environment variable EMPTY is empty"},
    {"MissingFile", in_upstream("{url: 'http://u', api_key: @@'${file:/nonexistent/key}'}"), "the file '/nonexistent/key' cannot be opened"},
    {"FileThatIsAFolder", in_upstream("{url: 'http://u', api_key: @@'${file:/}'}"), "is a directory"},
    {"FileWithoutEnd", in_upstream("{url: 'http://u', api_key: @@'${file:/dev/zero}'}"), "is not a regular file"},
    {"UnclosedReference", in_upstream("{url: 'http://u', api_key: @@'${SET'}"), "has no '}'"},
    {"StrangeReference", in_upstream("{url: 'http://u', api_key: @@'${SET:-x}'}"), "is neither ${NAME} nor ${file:PATH}"},
    {"LineBreakInAVariable", in_upstream("{url: 'http://u', api_key: @@'${LINES}'}"), "line break"},
    {"SecretInANumber", with("limits: {connections: @@'${SET}'}\n"), "'${SET}' is not a whole number"},
};
INSTANTIATE_TEST_SUITE_P(References, OneFault, testing::ValuesIn(references), name_of);

const fault_case missing_and_dangling[] = {
    {"NoListeners", "@@" + pool, "the conf needs 'listeners'"},
    {"EmptyListeners", "listeners: @@[]\n" + pool, "the list is empty"},
    {"NoPools", "@@" + listener, "the conf needs 'pools'"},
    {"EmptyPools", listener + "pools: @@{}\n", "there is no pool"},
    {"NoUpstreams", listener + "pools: {p: @@{dialect: openai}}\n", "a pool needs 'upstreams'"},
    {"EmptyUpstreams", listener + "pools: {p: {upstreams: @@[]}}\n", "the list is empty"},
    {"NoUrl", in_upstream("@@name: u"), "an upstream needs 'url'"},
    {"NoAddress", "listeners: [@@{}]\n" + pool, "a listener needs 'address'"},
    {"NoModels", in_route("@@pool: p"), "a route needs 'models'"},
    {"EmptyModels", in_route("{pool: p, models: @@[]}"), "the list is empty"},
    {"NoPoolInRoute", with("routes: [@@{models: [b]}, {models: [a], pool: p}]\n"), "a route needs 'pool'"},
    {"NoKeyName", with("keys: [@@{secret: '${SET}'}]\n"), "a key needs 'name'"},
    {"NoSecret", with("keys: [@@{name: k}]\n"), "a key needs 'secret' or 'sha256'"},
    {"EmptyKeyModels", in_key("models: @@[]"), "the list is empty"},
    {"EmptyAllow", in_key("allow: @@[]"), "the list is empty"},
    {"DanglingPool", with("routes: [{models: [a], pool: p}, {models: [b], pool: @@q}]\n"), "'q' is not a pool"},
    {"MisspeltPool",
     listener + "pools: {openai: {upstreams: [{url: 'http://u'}]}}\nroutes: [{models: [a], pool: openai}, {models: "
                "[b], pool: @@opneai}]\n",
     "did you mean 'openai'?"},
    {"DanglingFallback", with("routes: [{models: [a], pool: p, fallback: [{pool: @@q}]}]\n"), "'q' is not a pool"},
    {"SeveralPoolsWithoutRoutes", listener + "@@pools: {p: {upstreams: [{url: 'http://u'}]}, q: {upstreams: [{url: 'http://u'}]}}\n", "routes"},
    {"SameUpstreamName", listener + "pools: {p: {upstreams: [{name: a, url: 'http://u'}, {name: @@a, url: 'http://v'}]}}\n", "already the name"},
    {"SameUpstreamUrl", listener + "pools: {p: {upstreams: [{url: 'http://u/v1'}, {url: @@'http://u/v2'}]}}\n", "give this one a 'name'"},
    {"SameKeyName", with("keys: [{name: k, secret: '${SET}'}, {name: @@k, secret: another-one}]\n"), "another key"},
    {"SameSecret", with("keys: [{name: k, secret: '${SET}'}, {name: l, secret: @@'${SAME}'}]\n"), "the key 'k' has the same secret"},
    {"SecretAndHash", with("keys: [{name: k, secret: '${SET}', sha256: @@aa}]\n"), "not both"},
    {"SameListener", "listeners: [{address: 'a:1'}, {address: @@'a:1'}]\n" + pool, "another listener"},
    {"AdminOnAListener", with("admin: {address: @@'127.0.0.1:8080'}\n"), "address of a listener"},
    {"MissingPrices", with("prices: @@/nonexistent/prices.yaml\n"), "cannot be opened"},
};
INSTANTIATE_TEST_SUITE_P(MissingAndDangling, OneFault, testing::ValuesIn(missing_and_dangling), name_of);

const fault_case changes_of_requests[] = {
    {"TwoStars", in_star("{models: ['*'], pool: p, rename: {@@'a*b*': x}}"), "rename: 'a*b*' has more than one '*'"},
    {"TwoStarsOnTheRight", in_star("{models: ['*'], pool: p, rename: {'a*': @@'*-*'}}"), "a*: '*-*' has more than one '*'"},
    {"StarFromNowhere", in_star("{models: ['*'], pool: p, rename: {a: @@'x-*'}}"), "a: 'x-*' has a '*', and 'a' has none that could be put there"},
    {"QuestionMark", in_star("{models: ['*'], pool: p, rename: {@@'a?': x}}"), "rename: 'a?' has a '?', which a rename does not know"},
    {"StarsOfAnUpstream", in_upstream("{url: 'http://u', rename: {@@'**': x}}"), "rename: '**' has more than one '*'"},
    {"DropsTheModel", in_star("{models: ['*'], pool: p, drop: [@@model]}"),
     "drop: 'model' cannot be changed: weir itself goes by 'model'; rename changes"},
    {"DropsInsideMessages", in_upstream("{url: 'http://u', drop: [top_p, @@messages.0]}"), "weir itself goes by 'messages'"},
    {"SetsTheStream", in_star("{models: ['*'], pool: p, set: {@@stream: true}}"), "set: 'stream' cannot be changed"},
    {"SetsTheModelInDisguise", in_star("{models: ['*'], pool: p, set: {@@Model: x}}"), "some servers read it as 'model'"},
    {"DropsNothing", in_star("{models: ['*'], pool: p, drop: @@[]}"), "the list is empty"},
    {"NoPath", in_star("{models: ['*'], pool: p, drop: [@@a..b]}"), "is no path: write names with a '.' between them"},
    {"DropsTwice", in_star("{models: ['*'], pool: p, drop: [a, @@a]}"), "drop: 'a' stands here twice"},
    {"SetsInsideWhatIsDropped", in_star("{models: ['*'], pool: p, drop: [a], set: {@@a.b: 1}}"), "set: 'a.b' and 'a' speak of the same member"},
    {"TruthOrText", in_star("{models: ['*'], pool: p, set: {store: @@off}}"), "store: 'off' may be a truth or a text: write true or false"},
    {"NumberOfAnotherKind", in_star("{models: ['*'], pool: p, set: {a: [1, @@0x10]}}"), "a: '0x10' is no number as JSON writes it"},
};
INSTANTIATE_TEST_SUITE_P(ChangesOfRequests, OneFault, testing::ValuesIn(changes_of_requests), name_of);

const fault_case warnings[] = {
    {"UselessPattern", with("routes: [{models: [gpt-4o], pool: p, rename: {@@'o3*': x}}]\n"), "fits none of this route's models", true},
    {"CoveredByAnEarlierGlob", with("routes:\n  - {models: ['gpt-*'], pool: p}\n  - {models: [@@gpt-4o, o3], pool: p}\n"),
     "'gpt-4o' never matches here: 'gpt-*' at line 4 comes first", true},
    {"GlobCoveredByAGlob", with("routes:\n  - {models: ['gpt-*'], pool: p}\n  - {models: [@@'gpt-4?-*'], pool: p}\n"), "never matches", true},
    {"NameGivenTwice", with("routes:\n  - {models: [a], pool: p}\n  - {models: [@@a], pool: p}\n"), "never matches", true},
    {"UselessRename", with("routes: [{models: ['gpt-*'], pool: p, rename: {@@o3: x}}]\n"), "fits none of this route's models", true},
    {"UnusedPool",
     listener + "pools:\n  p: {upstreams: [{url: 'http://u'}]}\n  @@q: {upstreams: [{url: 'http://u'}]}\nroutes: "
                "[{models: [a], pool: p}]\n",
     "no route leads to the pool 'q'", true},
    {"FallbackOfAnotherDialect",
     listener + "pools:\n  p: {upstreams: [{url: 'http://u'}]}\n  q: {dialect: gemini, translate: off, upstreams: [{url: 'http://u'}]}\n"
                "routes: [{models: [a], pool: p, fallback: [{pool: @@q}]}]\n",
     "speaks gemini", true},
    // envoy#1936 (58 of the peers' bugs): what no request could ever become there is said before the first one fails.
    {"FallbackThatNothingBecomes",
     listener + "pools:\n  p: {upstreams: [{url: 'http://u'}]}\n  q: {dialect: gemini, speaks: [embeddings], upstreams: [{url: 'http://u'}]}\n"
                "  r: {speaks: [moderations], upstreams: [{url: 'http://u'}]}\n"
                "routes: [{models: [a], pool: r, fallback: [{pool: @@q}]}, {models: [b], pool: p}]\n",
     "'q' cannot stand in for 'r'", true},
    {"EndpointThatPoolsCannotSpeak", in_pool("speaks: [chat, @@message]"), "message' is no endpoint", false},
    {"TranslateInAnotherWord", in_pool("translate: @@maybe"), "is not on, off or strict", false},
    {"FetchesNoMedia", in_pool("translation: {fetch_media: @@on}"), "images and documents are not fetched", false},
    {"EffortThatNobodyKnows", in_pool("translation: {efforts: {@@medum: 5}}"), "medum", false},
    {"KeyModelWithoutRoute", with("routes: [{models: ['gpt-*'], pool: p}]\nkeys: [{name: k, secret: '${SET}', models: [@@o3]}]\n"),
     "no route serves 'o3'", true},
    {"ExpiredKey", in_key("expires: @@2020-01-01"), "the key has expired", true},
    {"DrainWithoutDraining", in_pool("@@drain: {tokens: 5}"), "has no effect without 'on_disconnect: drain'", true},
    {"BodiesThatNeverFit", with("limits: {buffered_bodies: @@1MiB}\n"), "smaller than request_body (64MiB)", true},
    {"LedgerInNoFolder", with("state: {ledger: @@/nonexistent/ledger.db}\n"), "the folder '/nonexistent' does not exist", true},
};
INSTANTIATE_TEST_SUITE_P(Warnings, OneFault, testing::ValuesIn(warnings), name_of);

}  // namespace

TEST(LoadFaults, AreAllReportedInTheOrderOfTheFile) {
    const loaded result = load_text(
        "listeners: [{adress: 'a:1'}]\nworkers: none\npools: {p: {upstreams: [{url: x}], balance: best}}\nkeys: "
        "[{name: k}]\n",
        "weir.yaml", variables);
    EXPECT_EQ(result.value, nullptr);
    std::vector<int> lines;
    for (const fault& f : result.faults) lines.push_back(f.line);
    EXPECT_EQ(lines, (std::vector<int>{1, 1, 2, 3, 3, 4})) << test::list_of(result.faults);
}

TEST(LoadFaults, ReadLikeACompilersMessages) {
    EXPECT_EQ(to_string(fault{"weir.yaml", 3, 7, false, "no"}), "weir.yaml:3:7: error: no");
    EXPECT_EQ(to_string(fault{"weir.yaml", 3, 7, true, "hm"}), "weir.yaml:3:7: warning: hm");
}

TEST(LoadFaults, NameAFileThatIsNotThere) {
    const loaded result = load("/nonexistent/weir.yaml", variables);
    ASSERT_EQ(result.faults.size(), 1u);
    EXPECT_EQ(to_string(result.faults[0]), "/nonexistent/weir.yaml:1:1: error: the conf file cannot be opened (No such file or directory)");
}

TEST(LoadFaults, CountColumnsInBytesAndLinesWithCarriageReturns) {
    const loaded result = load_text(listener + "pools: {\"ü\": {upstreams: [{url: 'http://u'}]}}\r\nworkers: no\r\n", "w", variables);
    ASSERT_EQ(result.faults.size(), 1u) << test::list_of(result.faults);
    EXPECT_EQ(result.faults[0].line, 3);
    EXPECT_EQ(result.faults[0].column, 10);
}

TEST(LoadFaults, ShowNoControlCharactersAndNoEndlessValues) {
    const loaded result = load_text(with("\"lim\\e[31mits\": 1\nworkers: " + std::string(5000, 'x') + "\n"), "w", variables);
    ASSERT_EQ(result.faults.size(), 2u);
    for (const fault& f : result.faults) {
        EXPECT_EQ(to_string(f).find('\x1b'), std::string::npos);
        EXPECT_LT(f.message.size(), 300u);
    }
}

TEST(LoadFaults, EndAfterAThousand) {
    std::string text = with("");
    for (int i = 0; i < 3000; ++i) text += "unknown_" + std::to_string(i) + ": 1\n";
    const loaded result = load_text(text, "w", variables);
    EXPECT_EQ(result.faults.size(), fault_list::most + 1);
    EXPECT_THAT(result.faults.back().message, HasSubstr("more faults"));
    EXPECT_EQ(result.value, nullptr);
}

TEST(LoadFaults, WarnOfSecretsThatEveryoneCanRead) {
    const test::folder folder;
    const std::string text = listener + "pools: {p: {upstreams: [{url: 'http://u', api_key: sk-hunter2}]}}\n";
    const std::string path = folder.write("weir.yaml", text);
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    const loaded open = load(path, variables);
    ASSERT_EQ(open.faults.size(), 1u);
    EXPECT_TRUE(open.faults[0].warning);
    EXPECT_EQ(open.faults[0].line, 2);
    EXPECT_EQ(open.faults[0].column, static_cast<int>(text.find("sk-") - text.find('\n')));
    EXPECT_THAT(to_string(open.faults[0]), Not(HasSubstr("hunter2")));
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    EXPECT_TRUE(load(path, variables).faults.empty());
}

TEST(LoadFaults, DoNotWarnOfSecretsFromElsewhere) {
    const test::folder folder;
    folder.write("key", "sk-hunter2\n");
    const std::string path = folder.write("weir.yaml", in_upstream("{url: 'http://u', api_key: '${file:key}'}"));
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    const loaded result = load(path, variables);
    EXPECT_TRUE(result.faults.empty()) << test::list_of(result.faults);
    EXPECT_EQ(result.value->pools[0].upstreams[0].api_key.reveal(), "sk-hunter2");
}

TEST(LoadFaults, SurviveHostileTexts) {
    const auto repeated = [](std::string_view piece, int times) {
        std::string text;
        for (int i = 0; i < times; ++i) text += piece;
        return text;
    };
    std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'k'; ++c) {
        laughs += std::string{c} + ": &" + c + " [";
        for (int i = 0; i < 9; ++i) laughs += std::string{"*"} + static_cast<char>(c - 1) + ", ";
        laughs += "]\n";
    }
    for (const std::string& text : {repeated("[", 100'000), repeated("{a: ", 100'000), repeated("- ", 100'000), repeated("a:\n", 10'000), laughs,
                                    repeated("\"", 9'999), std::string("\0\0\0", 3), std::string{}}) {
        SCOPED_TRACE(text.substr(0, 20));
        const loaded result = load_text(text, "w", variables);
        EXPECT_EQ(result.value, nullptr);
        EXPECT_FALSE(result.faults.empty());
    }
}
