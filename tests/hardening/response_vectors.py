"""Answers of an upstream beside those of tests/data/http_vectors.json: (name, method asked with, bytes, what the upstream does then, verdict, reuse).

verdict  bytes: the client gets 2xx to 4xx with exactly this body, whole; REFUSE: the client gets 502; CUT: the client sees an answer that is not whole
reuse    whether the upstream's connection may carry another request"""

REFUSE, CUT = "refuse", "cut"
OPEN, CLOSE = "open", "close"
OK = b"HTTP/1.1 200 OK\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
VECTORS = []


def add(name, raw, verdict=REFUSE, then=OPEN, method="GET", reuse=False):
    VECTORS.append((name, method, raw, then, verdict, reuse))


def head(*lines, first=OK):
    return first + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def chunked(body):
    return head(b"Transfer-Encoding: chunked") + body


# Both lengths, and lengths that are none.
add("cl-and-te", head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n")
add("te-and-cl", head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"5\r\nhello\r\n0\r\n\r\n")
add("cl-twice", head(b"Content-Length: 5", b"Content-Length: 5") + b"hello")
add("cl-twice-differs", head(b"Content-Length: 5", b"Content-Length: 4") + b"hello")
for name, value in {"list": b"5, 5", "plus": b"+5", "minus": b"-5", "hex": b"0x5", "empty": b"", "float": b"5.0", "huge": b"99999999999999999999", "junk": b"5 x", "quoted": b'"5"'}.items():
    add("cl-" + name, head(b"Content-Length: " + value) + b"hello")
for name, value in {"gzip": b"gzip", "identity": b"identity", "chunked-gzip": b"chunked, gzip", "gzip-chunked": b"gzip, chunked", "quoted": b'"chunked"', "twice": b"chunked, chunked", "empty": b"", "x": b"xchunked", "semicolon": b"chunked;x"}.items():
    add("te-" + name, head(b"Transfer-Encoding: " + value) + b"5\r\nhello\r\n0\r\n\r\n", then=CLOSE)
add("te-lines", head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n")
add("te-http10", head(b"Transfer-Encoding: chunked", first=b"HTTP/1.0 200 OK\r\n") + b"5\r\nhello\r\n0\r\n\r\n")

# Lines.
for name, line in {"bare-lf": b"X: y\nContent-Length: 0", "bare-cr": b"X: y\rContent-Length: 0", "fold": b"X: y\r\n z", "fold-tab": b"X: y\r\n\tz", "space-colon": b"X : y", "no-colon": b"X", "empty-name": b": y", "null": b"X: a\x00", "esc": b"X: \x1b[0m", "del": b"X: \x7f", "name-space": b"X Y: z",
                   "leading-space": b" X: y", "name-high": b"\xe9: y", "name-null": b"X\x00: y"}.items():
    add("line-" + name, head(line, b"Content-Length: 5") + b"hello")
add("all-lf", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")
add("end-lf", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello")
for name, line in {"lower": b"http/1.1 200 OK", "version-1.2": b"HTTP/1.2 200 OK", "version-2": b"HTTP/2 200 OK", "no-version": b"200 OK", "icy": b"ICY 200 OK", "status-letters": b"HTTP/1.1 2xx OK", "status-short": b"HTTP/1.1 2 OK", "status-600": b"HTTP/1.1 600 X", "status-999": b"HTTP/1.1 999 X", "status-000": b"HTTP/1.1 000 X",
                   "status-signed": b"HTTP/1.1 +20 OK", "two-spaces": b"HTTP/1.1  200 OK", "tab": b"HTTP/1.1\t200 OK", "reason-null": b"HTTP/1.1 200 O\x00K", "reason-cr": b"HTTP/1.1 200 O\rK", "space-first": b" HTTP/1.1 200 OK", "html": b"<html><body>Bad gateway</body></html>", "request": b"GET / HTTP/1.1", "smtp": b"220 mail ESMTP"}.items():
    add("line1-" + name, line + b"\r\nContent-Length: 5\r\n\r\nhello", then=CLOSE)
add("no-reason", head(b"Content-Length: 5", first=b"HTTP/1.1 200\r\n") + b"hello", b"hello", reuse=True)
add("no-reason-space", head(b"Content-Length: 5", first=b"HTTP/1.1 200 \r\n") + b"hello", b"hello", reuse=True)
add("crlf-first", b"\r\n" + head(b"Content-Length: 5") + b"hello")
add("nothing", b"", then=CLOSE)
add("half-a-head", b"HTTP/1.1 200 OK\r\nContent-Le", then=CLOSE)
add("many-fields", head(*(b"X-%d: y" % i for i in range(150)), b"Content-Length: 0"))
add("huge-field", head(b"X: " + b"y" * 200_000, b"Content-Length: 0"))
add("endless-head", OK + b"X: y\r\n" * 100_000)
add("tls-hello", bytes.fromhex("160303007a020000760303") + b"\x00" * 200, then=CLOSE)

# Chunks. What has gone to the client cannot be taken back: then it must see that the answer is not whole.
for name, body in {"size-junk": b"zz\r\nhello\r\n0\r\n\r\n", "size-0x": b"0x5\r\nhello\r\n0\r\n\r\n", "size-plus": b"+5\r\nhello\r\n0\r\n\r\n", "size-space": b"5 \r\nhello\r\n0\r\n\r\n", "size-empty": b"\r\nhello\r\n0\r\n\r\n", "size-overflow": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "size-64": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                   "size-lf": b"5\nhello\r\n0\r\n\r\n", "data-lf": b"5\r\nhello\n0\r\n\r\n", "data-long": b"5\r\nhello!\r\n0\r\n\r\n", "last-lf": b"5\r\nhello\r\n0\n\n", "last-junk": b"5\r\nhello\r\n0\r\nX\r\n\r\n", "ext-lf": b"5;a\nb\r\nhello\r\n0\r\n\r\n", "ext-flood": b"5;" + b"a" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
                   "trailer-cl": b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", "trailer-te": b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", "trailer-cookie": b"5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n", "trailer-flood": b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 3000 + b"\r\n", "trailer-fold": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"}.items():
    add("chunk-" + name, chunked(body), CUT)
add("chunk-cut-in-data", chunked(b"5\r\nhel"), CUT, CLOSE)
add("chunk-cut-in-size", chunked(b"5\r\nhello\r\n"), CUT, CLOSE)
add("chunk-cut-before-end", chunked(b"5\r\nhello\r\n0\r\n"), CUT, CLOSE)
add("cl-cut", head(b"Content-Length: 10") + b"hello", CUT, CLOSE)
add("chunk-good", chunked(b"5\r\nhello\r\n0\r\n\r\n"), b"hello", reuse=True)
add("chunk-ext-good", chunked(b'5;a="b"\r\nhello\r\n0\r\n\r\n'), b"hello", reuse=True)
add("chunk-trailer-good", chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), b"hello", reuse=True)

# More than was announced, and answers to nothing.
add("bytes-behind-length", head(b"Content-Length: 5") + b"hello" + EVIL, b"hello")
add("bytes-behind-chunks", chunked(b"5\r\nhello\r\n0\r\n\r\n") + EVIL, b"hello")
add("bytes-behind-empty", head(b"Content-Length: 0") + EVIL, b"")
add("crlf-behind", head(b"Content-Length: 5") + b"hello\r\n", b"hello")
add("body-to-head", head(b"Content-Length: 5") + b"hello", b"", method="HEAD")
add("chunks-to-head", chunked(b"5\r\nhello\r\n0\r\n\r\n"), b"", method="HEAD")
add("answer-to-head", head(b"Content-Length: 5"), b"", method="HEAD", reuse=True)
add("body-on-204", head(first=b"HTTP/1.1 204 No Content\r\n") + b"hello", b"")
add("length-on-204", head(b"Content-Length: 5", first=b"HTTP/1.1 204 No Content\r\n") + b"hello", b"")
add("chunks-on-204", head(b"Transfer-Encoding: chunked", first=b"HTTP/1.1 204 No Content\r\n") + b"0\r\n\r\n", b"")
add("body-on-304", head(b"Content-Length: 5", first=b"HTTP/1.1 304 Not Modified\r\n") + b"hello", b"")
add("plain-204", head(first=b"HTTP/1.1 204 No Content\r\n"), b"", reuse=True)
add("until-close", head(b"Content-Type: text/plain") + b"hello", b"hello", CLOSE)
add("http10-until-close", head(b"Content-Type: text/plain", first=b"HTTP/1.0 200 OK\r\n") + b"hello", b"hello", CLOSE)
add("http10-length", head(b"Content-Length: 5", first=b"HTTP/1.0 200 OK\r\n") + b"hello", b"hello")
add("http10-keep-alive", head(b"Content-Length: 5", b"Connection: keep-alive", first=b"HTTP/1.0 200 OK\r\n") + b"hello", b"hello")
add("connection-close", head(b"Content-Length: 5", b"Connection: close") + b"hello", b"hello")

# 1xx.
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
add("one-100", CONTINUE + head(b"Content-Length: 5") + b"hello", b"hello", reuse=True)
add("early-hints", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + head(b"Content-Length: 5") + b"hello", b"hello", reuse=True)
add("processing", b"HTTP/1.1 102 Processing\r\n\r\n" + head(b"Content-Length: 5") + b"hello", b"hello", reuse=True)
add("101-unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello")
add("100-flood", CONTINUE * 5000, then=CLOSE)
add("only-100", CONTINUE, then=CLOSE)
add("100-with-length", b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello" + head(b"Content-Length: 0"))
