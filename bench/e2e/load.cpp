// weir_bench_load: a client that loads a proxy, checks every byte that comes back, and prints one JSON object.
// Exits with 1 when any answer was wrong: numbers of a program that answers wrongly are worth nothing.
//
//   weir_bench_load --port 8080 --mode closed --connections 64
//   weir_bench_load --port 8080 --mode closed --connections 1 --count 100
//   weir_bench_load --port 8080 --mode paced --rate 500 --connections 64
//   weir_bench_load --port 8080 --mode closed --connections 500 --model bench-100x20ms --stream
//   weir_bench_load --port 8080 --mode held --connections 2000 --model bench-held --stream   (ends when stdin does)
//   weir_bench_load --port 8080 --mode closed --path /v1/messages --texts   (an answer without stamps, or a translated one)
//   weir_bench_load --port 8443 --tls --mode reconnect --resume --connections 16
#include <cstdio>

#include "load_run.hpp"
#include "net.hpp"
#include "options.hpp"

namespace {

weir::bench::load_settings read_settings(weir::bench::options flags) {
    weir::bench::load_settings set;
    set.mode = flags.text("mode", set.mode);
    set.port = flags.integer("port", set.port);
    set.tls = flags.has("tls");
    set.resume = flags.has("resume");
    set.connections = flags.integer("connections", set.connections);
    set.rate = flags.number("rate", set.rate);
    set.count = flags.integer("count", set.count);
    set.ramp_seconds = flags.number("ramp", set.ramp_seconds);
    set.warmup_seconds = flags.number("warmup", set.warmup_seconds);
    set.window_seconds = flags.number("seconds", set.window_seconds);
    set.drain_seconds = flags.number("drain", set.drain_seconds);
    set.watched = flags.text("watch", set.watched);
    set.model = flags.text("model", set.model);
    set.stream = flags.has("stream");
    set.path = flags.text("path", set.path);
    set.body_size = flags.integer("body", set.body_size);
    set.chunked_body = flags.has("chunked");
    set.by_text = flags.has("texts");
    flags.refuse_unknown();
    return set;
}

}  // namespace

int main(int count, char** words) {
    using namespace weir::bench;
    const load_settings settings = read_settings(options(count, words));
    if (settings.mode != "closed" && settings.mode != "paced" && settings.mode != "reconnect" && settings.mode != "held") {
        std::fprintf(stderr, "--mode is closed, paced, reconnect or held\n");
        return 2;
    }
    raise_open_files();
    load_run run(settings);
    run.run();
    if (settings.mode == "held" && !run.faulty()) {
        std::printf("ready\n");
        std::fflush(stdout);
        run.hold();
    }
    std::printf("%s\n", run.report().c_str());
    return run.faulty() ? 1 : 0;
}
