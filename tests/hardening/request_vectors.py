"""Requests beside those of tests/data/http_vectors.json: (name, bytes, verdict).

refuse: one answer of 400 to 599, nothing reaches an upstream, the connection ends, and what follows in it is not read as a request.
serve: N answers that are no 400, in order (verdict is N). Each request goes to an endpoint that passes everything through."""

P = b"POST /v1/threads HTTP/1.1\r\n"
H = b"Host: a\r\n"
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"


def head(*lines, first=P):
    return first + H + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def chunked(body, *more):
    return head(b"Transfer-Encoding: chunked", *more) + body


REFUSE = "refuse"
VECTORS = []


def add(name, raw, verdict=REFUSE):
    VECTORS.append((name, raw, verdict))


# Two lengths: which of them counts is what smuggling is about.
add("te-then-cl", head(b"Transfer-Encoding: chunked", b"Content-Length: 4") + CHUNKS + SMUGGLED)
add("cl-then-te", head(b"Content-Length: 4", b"Transfer-Encoding: chunked") + CHUNKS + SMUGGLED)
add("cl0-te", head(b"Content-Length: 0", b"Transfer-Encoding: chunked") + CHUNKS + SMUGGLED)
add("cl-te-lower-upper", head(b"CONTENT-LENGTH: 5", b"tRANSFER-eNCODING: CHUNKED") + CHUNKS)
add("te-te-second-odd", head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x") + CHUNKS)
add("te-te-first-odd", head(b"Transfer-Encoding: x", b"Transfer-Encoding: chunked") + CHUNKS)
add("te-te-same", head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + CHUNKS)
add("te-te-identity", head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + CHUNKS)
for name, value in {
    "list-same": b"5,5", "list-spaces": b"5 , 5", "list-leading": b",5", "list-trailing": b"5,", "semicolon": b"5;5", "inner-space": b"5 5",
    "dot": b"5.0", "exponent": b"5e0", "plus": b"+5", "minus-zero": b"-0", "octal-prefix": b"0o5", "hex-prefix": b"0x5", "underscore": b"5_0",
    "full-width": "５".encode(), "arabic": "٥".encode(), "20-digits": b"18446744073709551621", "19-nines": b"9999999999999999999", "nan": b"NaN",
    "quote": b"'5'", "parens": b"(5)", "empty": b"", "only-tab": b"\t", "unit": b"5b", "percent": b"%35", "form-feed": b"5\x0c", "vertical-tab": b"\x0b5",
    "bel": b"5\x07", "del": b"5\x7f", "high-byte": b"5\xa0", "null-first": b"\x005",
}.items():
    add("cl-" + name, head(b"Content-Length: " + value) + b"hello" + SMUGGLED)
add("cl-twice-zero", head(b"Content-Length: 0", b"Content-Length: 0") + SMUGGLED)
add("cl-twice-case", head(b"Content-Length: 5", b"content-length: 5") + b"hello")
add("cl-twice-differs", head(b"Content-Length: 5", b"Content-Length: 0") + b"hello")
for name, value in {
    "space-inside": b"chun ked", "quoted": b'"chunked"', "single-quoted": b"'chunked'", "semicolon": b"chunked;q=1", "parameter": b"chunked; a=b",
    "comma-first": b",chunked", "comma-last": b"chunked,", "twice": b"chunked,chunked", "identity": b"identity", "gzip": b"gzip", "deflate-chunked": b"deflate, chunked",
    "chunked-identity": b"chunked, identity", "x": b"xchunked", "dotted": b".chunked", "slash": b"chunked/1", "form-feed": b"\x0cchunked", "del": b"chunked\x7f",
    "backspace": b"chunke\x08d", "high": b"chunked\xff", "turkish": "chunk\u0117d".encode(), "kelvin": "chun\u212aed".encode(), "empty": b"", "newline-n": b"chunked\\r\\n", "null": b"\x00chunked",
}.items():
    add("te-" + name, head(b"Transfer-Encoding: " + value) + CHUNKS + SMUGGLED)
for name, line in {
    "space-colon": b"Transfer-Encoding : chunked", "tab-colon": b"Transfer-Encoding\t: chunked", "leading-space": b" Transfer-Encoding: chunked",
    "leading-tab": b"\tTransfer-Encoding: chunked", "colon-twice-name": b":Transfer-Encoding: chunked", "no-colon": b"Transfer-Encoding chunked", "equals": b"Transfer-Encoding= chunked",
    "null-in-name": b"Transfer\x00-Encoding: chunked", "quoted-name": b'"Transfer-Encoding": chunked', "name-high": b"Transfer-Encodin\xe7: chunked", "del-in-name": b"Transfer-Encoding\x7f: chunked",
    "cr-in-name": b"Transfer-Encoding\r: chunked", "lf-before": b"X: y\nTransfer-Encoding: chunked", "cr-before": b"X: y\rTransfer-Encoding: chunked", "lf-cr": b"X: y\n\rTransfer-Encoding: chunked",
    "cr-cr-lf": b"X: y\r", "vertical-tab-name": b"\x0bTransfer-Encoding: chunked", "bracket-name": b"[Transfer-Encoding]: chunked", "slash-name": b"Transfer/Encoding: chunked",
    "fold-space": b"X: y\r\n Transfer-Encoding: chunked", "fold-tab": b"X: y\r\n\tTransfer-Encoding: chunked", "fold-empty": b"X: y\r\n ", "fold-into-te": b"Transfer-Encoding: \r\n\tchunked",
    "value-null": b"X: a\x00b", "value-esc": b"X: a\x1bb", "value-del": b"X: a\x7fb", "empty-name": b": value", "only-space": b" ", "name-space": b"X Y: z", "at-name": b"X@Y: z",
}.items():
    add("line-" + name, head(b"Content-Length: 5", line) + b"hello" + SMUGGLED)

# Chunks.
for name, body in {
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n", "plus": b"+5\r\nhello\r\n0\r\n\r\n", "minus": b"-5\r\nhello\r\n0\r\n\r\n", "space-before": b" 5\r\nhello\r\n0\r\n\r\n", "space-after": b"5 \r\nhello\r\n0\r\n\r\n",
    "tab-after": b"5\t\r\nhello\r\n0\r\n\r\n", "empty": b"\r\nhello\r\n0\r\n\r\n", "lf": b"5\nhello\r\n0\r\n\r\n", "cr": b"5\rhello\r\n0\r\n\r\n", "cr-cr-lf": b"5\r\r\nhello\r\n0\r\n\r\n", "null": b"5\x00\r\nhello\r\n0\r\n\r\n",
    "17-digits": b"00000000000000005\r\nhello\r\n0\r\n\r\n", "wraps-64": b"10000000000000005\r\nhello\r\n0\r\n\r\n", "sign-bit": b"8000000000000000\r\nhello\r\n0\r\n\r\n", "comma": b"5,5\r\nhello\r\n0\r\n\r\n",
    "data-short": b"6\r\nhello\r\n0\r\n\r\n" + SMUGGLED, "data-long": b"4\r\nhello\r\n0\r\n\r\n", "data-lf": b"5\r\nhello\n0\r\n\r\n", "data-cr": b"5\r\nhello\r0\r\n\r\n", "data-no-end": b"5\r\nhello0\r\n\r\n",
    "last-lf": b"5\r\nhello\r\n0\n\r\n", "last-lf-lf": b"5\r\nhello\r\n0\r\n\n", "last-junk": b"5\r\nhello\r\n0\r\nX", "last-00x": b"5\r\nhello\r\n00x\r\n\r\n", "dot": b"5.\r\nhello\r\n0\r\n\r\n", "quoted": b'"5"\r\nhello\r\n0\r\n\r\n',
    "g": b"g\r\nhello\r\n0\r\n\r\n", "high": b"\xb5\r\nhello\r\n0\r\n\r\n", "full-width": "５\r\nhello\r\n0\r\n\r\n".encode(),
    "ext-space": b"5 ;a=b\r\nhello\r\n0\r\n\r\n", "ext-tab": b"5\t;a=b\r\nhello\r\n0\r\n\r\n", "ext-lf": b"5;a\nhello\r\n0\r\n\r\n", "ext-lf-inside": b"5;a=b\nc\r\nhello\r\n0\r\n\r\n", "ext-cr": b"5;a\rb\r\nhello\r\n0\r\n\r\n", "ext-bare": b"5;\r\nhello\r\n0\r\n\r\n",
    "ext-two-bare": b"5;;a\r\nhello\r\n0\r\n\r\n", "ext-equals": b"5;=b\r\nhello\r\n0\r\n\r\n", "ext-no-value": b"5;a=\r\nhello\r\n0\r\n\r\n", "ext-null": b"5;a=\x00\r\nhello\r\n0\r\n\r\n", "ext-quote-open": b'5;a="b\r\nhello\r\n0\r\n\r\n',
    "ext-quote-lf": b'5;a="b\nc"\r\nhello\r\n0\r\n\r\n', "ext-after-quote": b'5;a="b"c\r\nhello\r\n0\r\n\r\n', "ext-high": b"5;a=\xff\r\nhello\r\n0\r\n\r\n", "ext-long": b"5;a=" + b"b" * 600 + b"\r\nhello\r\n0\r\n\r\n",
    "ext-on-last-lf": b"5\r\nhello\r\n0;a\n\r\n", "ext-space-value": b"5;a= b\r\nhello\r\n0\r\n\r\n", "many-extensions": b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\nx\r\n" * 600 + b"0\r\n\r\n",
}.items():
    add("chunk-" + name, chunked(body))
for name, trailer in {
    "host": b"Host: b\r\n", "cl": b"Content-Length: 5\r\n", "te": b"Transfer-Encoding: chunked\r\n", "auth": b"Authorization: Bearer x\r\n", "x-api-key": b"x-api-key: x\r\n", "goog-key": b"x-goog-api-key: x\r\n", "cookie": b"Cookie: a=b\r\n",
    "connection": b"Connection: close\r\n", "expect": b"Expect: 100-continue\r\n", "upgrade": b"Upgrade: websocket\r\n", "content-type": b"Content-Type: text/plain\r\n", "te-field": b"TE: trailers\r\n", "trailer": b"Trailer: X\r\n", "fold": b"X: a\r\n b\r\n", "space-colon": b"X : a\r\n", "no-colon": b"X\r\n",
    "null": b"X: \x00\r\n", "lf": b"X: a\n", "empty-name": b": a\r\n", "forwarded": b"X-Forwarded-For: 1.2.3.4\r\n", "many": b"".join(b"X-%d: y\r\n" % i for i in range(40)), "long": b"X: " + b"y" * 8000 + b"\r\n", "leading-space": b" X: a\r\n", "proxy-auth": b"Proxy-Authorization: x\r\n",
}.items():
    add("trailer-" + name, chunked(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n"))

# Targets, versions, methods.
for name, line in {
    "lower-http": b"GET /v1/a http/1.1", "mixed-http": b"GET /v1/a Http/1.1", "no-version": b"GET /v1/a", "version-1": b"GET /v1/a HTTP/1", "version-1.": b"GET /v1/a HTTP/1.", "version-.1": b"GET /v1/a HTTP/.1", "version-0.9": b"GET /v1/a HTTP/0.9",
    "version-1.3": b"GET /v1/a HTTP/1.3", "version-2.0": b"GET /v1/a HTTP/2.0", "version-3": b"GET /v1/a HTTP/3", "version-01.1": b"GET /v1/a HTTP/01.1", "version-1.01": b"GET /v1/a HTTP/1.01", "version-comma": b"GET /v1/a HTTP/1,1", "version-x": b"GET /v1/a HTTP/1.x",
    "version-space": b"GET /v1/a HTTP/ 1.1", "trailing-space": b"GET /v1/a HTTP/1.1 ", "trailing-word": b"GET /v1/a HTTP/1.1 x", "leading-space": b" GET /v1/a HTTP/1.1", "leading-tab": b"\tGET /v1/a HTTP/1.1", "tab": b"GET\t/v1/a HTTP/1.1",
    "two-spaces": b"GET /v1/a  HTTP/1.1", "space-in-target": b"GET /v1/a b HTTP/1.1", "vertical-tab": b"GET\x0b/v1/a\x0bHTTP/1.1", "form-feed": b"GET\x0c/v1/a HTTP/1.1", "no-slash": b"GET v1/a HTTP/1.1", "backslash-first": b"GET \\v1\\a HTTP/1.1", "empty-target": b"GET  HTTP/1.1",
    "authority-form": b"GET a:80 HTTP/1.1", "connect": b"CONNECT a:443 HTTP/1.1", "connect-path": b"CONNECT /v1/a HTTP/1.1", "trace": b"TRACE /v1/a HTTP/1.1", "track": b"TRACK a HTTP/1.1", "fragment": b"GET /v1/a#b HTTP/1.1", "null": b"GET /v1/\x00a HTTP/1.1", "del": b"GET /v1/\x7fa HTTP/1.1",
    "utf8": "GET /v1/é HTTP/1.1".encode(), "star-post": b"POST * HTTP/1.1", "star-slash": b"OPTIONS */ HTTP/1.1", "scheme-ftp": b"GET ftp://a/v1/a HTTP/1.1", "scheme-file": b"GET file:///etc/passwd HTTP/1.1", "scheme-gopher": b"GET gopher://a/ HTTP/1.1", "scheme-js": b"GET javascript:alert(1) HTTP/1.1",
    "absolute-no-host": b"GET http:///v1/a HTTP/1.1", "absolute-userinfo": b"GET http://u@a/v1/a HTTP/1.1", "absolute-userinfo-pass": b"GET http://u:p@a/v1/a HTTP/1.1", "absolute-one-slash": b"GET http:/v1/a HTTP/1.1", "absolute-space": b"GET http://a /v1/a HTTP/1.1", "absolute-fragment": b"GET http://a/v1/a#b HTTP/1.1",
    "absolute-backslash": b"GET http://a\\@b/v1/a HTTP/1.1", "absolute-comma": b"GET http://a,b/v1/a HTTP/1.1",
    "method-empty": b" /v1/a HTTP/1.1", "method-colon": b"GET: /v1/a HTTP/1.1", "method-slash": b"GE/T /v1/a HTTP/1.1", "method-null": b"GET\x00 /v1/a HTTP/1.1", "method-high": b"G\xc9T /v1/a HTTP/1.1", "method-long": b"A" * 200 + b" /v1/a HTTP/1.1", "method-quote": b'"GET" /v1/a HTTP/1.1',
    "preface-2": b"PRI * HTTP/2.0", "response": b"HTTP/1.1 200 OK", "only-crlf": b"",
}.items():
    add("line1-" + name, line + b"\r\n" + H + b"\r\n" + (b"" if name != "only-crlf" else b"\r\n"))
add("preface-2-on-http1", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
add("tls-hello-on-plain", bytes.fromhex("16030100c8010000c40303") + b"\x00" * 100)
add("ssh", b"SSH-2.0-OpenSSH_9.2\r\n")
add("socks5", b"\x05\x01\x00")
add("proxy-v1-unasked", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n")
add("proxy-v2-unasked", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + b"\x00" * 12)
add("two-empty-lines-first", b"\r\n\r\nGET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n")
add("lf-first", b"\nGET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n")
add("cr-first", b"\rGET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n")
add("only-lf", b"GET /v1/a HTTP/1.1\nHost: a\n\n")
add("end-lf-lf", b"GET /v1/a HTTP/1.1\r\nHost: a\n\n")
add("end-lf-crlf", b"GET /v1/a HTTP/1.1\r\nHost: a\n\r\n")
add("end-crlf-lf", b"GET /v1/a HTTP/1.1\r\nHost: a\r\n\n")
add("line1-lf", b"GET /v1/a HTTP/1.1\nHost: a\r\n\r\n")
add("line1-cr", b"GET /v1/a HTTP/1.1\rHost: a\r\n\r\n")
add("line1-cr-cr-lf", b"GET /v1/a HTTP/1.1\r\r\nHost: a\r\n\r\n")
add("space-before-first-field", b"GET /v1/a HTTP/1.1\r\n Host: a\r\n\r\n")
add("space-line-before-host", b"GET /v1/a HTTP/1.1\r\n \r\nHost: a\r\n\r\n")

# Host.
for name, lines in {
    "none": b"", "two": b"Host: a\r\nHost: b\r\n", "two-same": b"Host: a\r\nhost: a\r\n", "space-colon": b"Host : a\r\n", "list": b"Host: a,b\r\n", "userinfo": b"Host: u@a\r\n", "url": b"Host: http://a\r\n", "path": b"Host: a/b\r\n", "query": b"Host: a?b\r\n", "fragment": b"Host: a#b\r\n",
    "space": b"Host: a b\r\n", "tab": b"Host: a\tb\r\n", "null": b"Host: a\x00\r\n", "high": b"Host: \xe9\r\n", "backslash": b"Host: a\\b\r\n", "pipe": b"Host: a|b\r\n", "angle": b"Host: <a>\r\n", "long": b"Host: " + b"a" * 300 + b"\r\n", "quote": b'Host: "a"\r\n', "empty": b"Host:\r\n",
    "folded": b"Host:\r\n a\r\n", "port-letters": b"Host: a:b\r\n", "port-two": b"Host: a:1:2\r\n", "port-large": b"Host: a:99999999\r\n", "bracket-open": b"Host: [::1\r\n", "bracket-close": b"Host: ::1]\r\n", "bracket-junk": b"Host: [::1]x\r\n", "v6-bare": b"Host: ::1\r\n", "percent-bad": b"Host: a%zz\r\n",
}.items():
    add("host-" + name, b"GET /v1/a HTTP/1.1\r\n" + lines + b"\r\n")
add("host-two-absolute", b"GET http://a/v1/a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")
add("host-none-absolute", b"GET http://a/v1/a HTTP/1.1\r\n\r\n")

# Connection, Expect, Upgrade, HTTP/1.0.
for name in (b"Host", b"Content-Length", b"Transfer-Encoding", b"Authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"Content-Type", b"Cookie", b"X-Forwarded-For", b"Forwarded", b"X-Real-IP", b"Expect"):
    add("connection-names-" + name.decode().lower(), head(b"Connection: close, " + name, b"Content-Length: 0"))
add("connection-junk", head(b"Connection: close \x01", b"Content-Length: 0"))
add("connection-not-token", head(b"Connection: a b", b"Content-Length: 0"))
add("connection-twice", head(b"Connection: close", b"Connection: keep-alive", b"Content-Length: 0"))
add("expect-other", head(b"Expect: 200-ok", b"Content-Length: 5") + b"hello")
add("expect-list", head(b"Expect: 100-continue, x", b"Content-Length: 5") + b"hello")
add("expect-twice-differs", head(b"Expect: 100-continue", b"Expect: x", b"Content-Length: 5") + b"hello")
add("expect-obfuscated-name", head(b"Expect : 100-continue", b"Content-Length: 5") + b"hello")
add("http10-chunked", b"POST /v1/threads HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS)
add("http10-two-hosts", b"GET /v1/a HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n")
add("http10-cl-list", b"POST /v1/threads HTTP/1.0\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello")
add("post-without-length", head(), REFUSE)
add("put-without-length", b"PUT /v1/threads HTTP/1.1\r\nHost: a\r\n\r\nhello")
add("body-is-request-with-cl-obfuscated", head(b"Content_Length: 5", b"Content-Length : 5") + b"hello" + SMUGGLED)

# What is fine, as said by the RFC, is served.
add("get", b"GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n", 1)
add("one-crlf-first", b"\r\nGET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n", 1)
add("crlf-between", b"GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /v1/b HTTP/1.1\r\nHost: a\r\n\r\n", 2)
add("pipelined", b"GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n" * 5, 5)
add("pipelined-bodies", (head(b"Content-Length: 5") + b"hello" + chunked(CHUNKS)) * 2, 4)
add("host-port", b"GET /v1/a HTTP/1.1\r\nHost: a:8080\r\n\r\n", 1)
add("host-v6", b"GET /v1/a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 1)
add("host-v6-no-port", b"GET /v1/a HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", 1)
add("host-underscore", b"GET /v1/a HTTP/1.1\r\nHost: my_service.local\r\n\r\n", 1)
add("host-port-empty", b"GET /v1/a HTTP/1.1\r\nHost: a:\r\n\r\n", 1)
add("host-ows", b"GET /v1/a HTTP/1.1\r\nHost: \t a \t\r\n\r\n", 1)
add("no-space-after-colon", b"GET /v1/a HTTP/1.1\r\nHost:a\r\nX:1\r\n\r\n", 1)
add("absolute", b"GET http://a/v1/a HTTP/1.1\r\nHost: a\r\n\r\n", 1)
add("absolute-other-host", b"GET http://evil.example:1/v1/a HTTP/1.1\r\nHost: a\r\n\r\n", 1)
add("value-high-bytes", b"GET /v1/a HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xff\r\n\r\n", 1)
add("value-empty", b"GET /v1/a HTTP/1.1\r\nHost: a\r\nX:\r\nY: \r\n\r\n", 1)
add("chunk-upper-hex", chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), 1)
add("chunk-lower-hex", chunked(b"a\r\n0123456789\r\n0\r\n\r\n"), 1)
add("chunk-16-digits", chunked(b"0000000000000005\r\nhello\r\n0\r\n\r\n"), 1)
add("chunk-extension", chunked(b'5;a;b=c;d="e \\" f"\r\nhello\r\n0;last\r\n\r\n'), 1)
add("chunk-trailer", chunked(b"5\r\nhello\r\n0\r\nX-Checksum: abc\r\n\r\n"), 1)
add("chunk-empty-body", chunked(b"0\r\n\r\n"), 1)
add("te-upper", head(b"TRANSFER-ENCODING: CHUNKED") + CHUNKS, 1)
add("te-field-trailers", head(b"TE: trailers", b"Connection: TE", b"Content-Length: 0"), 1)
add("cl-zero", head(b"Content-Length: 0") + b"GET /v1/b HTTP/1.1\r\nHost: a\r\n\r\n", 2)
add("cl-leading-zeros", head(b"Content-Length: 005") + b"hello", 1)
add("expect-upper", head(b"Expect: 100-Continue", b"Content-Length: 5") + b"hello", 1)
add("upgrade-h2c", b"GET /v1/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 1)
add("upgrade-tls", b"GET /v1/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n", 1)
add("connection-close-then-more", b"GET /v1/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + SMUGGLED, 1)
add("http10-get-body", b"GET /v1/a HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
add("two-content-types", P + H + b"Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}")
add("http10", b"GET /v1/a HTTP/1.0\r\n\r\n" + SMUGGLED, 1)
add("http10-keep-alive", b"GET /v1/a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n" + SMUGGLED, 1)
add("query-with-url", b"GET /v1/a?next=http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 1)
add("double-slash", b"GET /v1//evil.example/a HTTP/1.1\r\nHost: a\r\n\r\n", 1)
