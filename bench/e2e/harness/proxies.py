"""The programs under test and the configurations they get: each the way its own manual recommends for streaming.

All run one worker or thread. A configuration is written per start; the upstream is plain or TLS by scenario.
"""

import os
from dataclasses import dataclass

from .processes import MOST_CONNECTIONS, OPEN_FILES


@dataclass
class Place:
    """Where a proxy runs: its folder, its ports, the mock's port, and whether the mock speaks TLS there."""
    folder: str
    plain_port: int
    tls_port: int
    admin_port: int
    mock_port: int
    upstream_tls: bool
    certificate: str
    private_key: str
    both: str
    dialect: str = "openai"    # that the provider speaks

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path


class Nginx:
    name = "nginx"
    about = "proxy_buffering off, request bodies in memory, upstream keepalive, JSON access log (64k buffer)"
    package = "nginx-light"
    program = "nginx"
    workers = 1

    def command(self, place):
        scheme = "https" if place.upstream_tls else "http"
        conf = place.write("nginx.conf", f"""
daemon off; worker_processes {self.workers}; worker_rlimit_nofile {OPEN_FILES}; user root;
pid {place.folder}/nginx.pid; error_log {place.folder}/nginx-error.log error;
events {{ worker_connections 32768; }}
http {{
    log_format json escape=json '{{"time":"$time_iso8601","client":"$remote_addr","request":"$request",'
        '"status":$status,"bytes_in":$request_length,"bytes_out":$bytes_sent,"duration":$request_time,'
        '"upstream":"$upstream_addr","upstream_status":"$upstream_status","first_byte":"$upstream_header_time"}}';
    access_log {place.folder}/nginx-access.log json buffer=64k flush=1s;
    client_body_temp_path {place.folder}/body; proxy_temp_path {place.folder}/proxy;
    fastcgi_temp_path {place.folder}/fastcgi; uwsgi_temp_path {place.folder}/uwsgi; scgi_temp_path {place.folder}/scgi;
    keepalive_timeout 300s; keepalive_requests 1000000000; tcp_nodelay on; client_max_body_size 64m;
    upstream provider {{
        server 127.0.0.1:{place.mock_port};
        keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 300s;
    }}
    server {{
        listen 127.0.0.1:{place.plain_port} backlog=4096;
        listen 127.0.0.1:{place.tls_port} ssl backlog=4096;
        ssl_certificate {place.certificate}; ssl_certificate_key {place.private_key};
        ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:bench:10m;
        location / {{
            proxy_pass {scheme}://provider;
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_buffering off; client_body_buffer_size 2m; proxy_read_timeout 600s; proxy_send_timeout 600s;
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {place.certificate};
            proxy_ssl_server_name on; proxy_ssl_name localhost;
        }}
    }}
}}
""")
        return ["nginx", "-e", f"{place.folder}/nginx-error.log", "-c", conf]


class Haproxy:
    name = "haproxy"
    about = "http-reuse always, option http-no-delay, no log"
    package = "haproxy"
    program = "haproxy"
    log = ""
    log_format = ""

    def command(self, place):
        secure = f"ssl verify required ca-file {place.certificate} sni str(localhost)" if place.upstream_tls else ""
        conf = place.write("haproxy.cfg", f"""
global
    nbthread 1
    maxconn {MOST_CONNECTIONS}
    {self.log}
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    timeout http-keep-alive 300s
    http-reuse always
    option http-no-delay
    {'log global' if self.log else 'no log'}
frontend clients
    bind 127.0.0.1:{place.plain_port} backlog 4096
    bind 127.0.0.1:{place.tls_port} backlog 4096 ssl crt {place.both} ssl-min-ver TLSv1.2
    {self.log_format}
    default_backend provider
backend provider
    server mock 127.0.0.1:{place.mock_port} {secure}
""")
        return ["haproxy", "-db", "-f", conf]


class HaproxyLog(Haproxy):
    name = "haproxy-log"
    about = "the same with a JSON log line per request, to a file"
    log = "log stdout format raw local0 info"
    log_format = ('log-format \'{"time":"%t","client":"%ci","request":"%{+E}r","status":%ST,"bytes_in":%U,'
                  '"bytes_out":%B,"duration":%Ta,"upstream":"%si:%sp","first_byte":%Tr}\'')


class Weir:
    name = "weir"
    about = "everything on: access log to a file, metrics, prices, ledger"
    package = None
    workers = 1
    extras = True

    def __init__(self, program):
        self.program = program

    def command(self, place):
        scheme = "https" if place.upstream_tls else "http"
        prices = place.write("prices.yaml", "models:\n  \"bench-*\": {input: 2.50, cached_input: 1.25, output: 10.00}\n")
        conf = place.write("weir.yaml", f"""
listeners:
  - address: 127.0.0.1:{place.plain_port}
  - address: 127.0.0.1:{place.tls_port}
    tls: {{certificate: {place.certificate}, private_key: {place.private_key}}}
admin: {{address: "127.0.0.1:{place.admin_port}"}}
workers: {self.workers}
limits: {{connections: {MOST_CONNECTIONS}, keepalive_timeout: 300s}}
pools:
  bench:
    dialect: {place.dialect}
    upstreams:
      - name: mock
        url: {scheme}://127.0.0.1:{place.mock_port}{'/v1' if place.dialect == 'openai' else ''}
        max_requests: {MOST_CONNECTIONS}
        {f'tls: {{ca: {place.certificate}, server_name: localhost}}' if place.upstream_tls else ''}
    keepalive: {{idle: 1024, timeout: 300s}}
    timeouts: {{first_token: 600s, idle: 600s}}
{f'prices: {prices}' if self.extras else ''}
state: {{ledger: "{place.folder + '/ledger.db' if self.extras else 'off'}"}}
log: {{access: "{place.folder + '/weir-access.log' if self.extras else 'off'}", level: warn}}
""")
        return [self.program, "serve", "-c", conf]


class WeirBare(Weir):
    name = "weir-bare"
    about = "no access log, no prices, no ledger"
    extras = False


class WeirTwoWorkers(Weir):
    name = "weir-2w"
    about = "everything on, two workers, on both cores (beside mock and client)"
    workers = 2


class WeirBefore(Weir):
    name = "weir-before"
    about = "another build, everything on"


class Direct:
    """No proxy: the client talks to the mock. What the others add is measured against it."""
    name = "direct"
    about = "client straight to the mock"
    package = None


def all_proxies(weir, before=None):
    others = [WeirBefore(before)] if before else []
    return [Direct(), Weir(weir), *others, WeirBare(weir), WeirTwoWorkers(weir), Nginx(), Haproxy(), HaproxyLog()]
