// Provider bytes: events, whole answers, and the slicing of the usage finder, which must agree with the whole reading.
#include <cstdlib>
#include <string>

#include "dialect/read/answer.hpp"
#include "dialect/read/usage_finder.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

struct counter : text_sink {
    std::size_t bytes = 0;
    void text(std::uint32_t, std::string_view piece) override { bytes += piece.size(); }
};

struct writer : text_sink {
    std::string all;
    void text(std::uint32_t lane, std::string_view piece) override { all.append(std::to_string(lane)).append(1, ':').append(piece); }
};

bool same(const event_facts& a, const event_facts& b) {
    return a.content == b.content && a.finish == b.finish && a.terminator == b.terminator && a.error == b.error && a.usage_only == b.usage_only;
}

// A stream means the same whether its events are all read as JSON or known by their shape.
void check_shapes(endpoint e, std::string_view stream) {
    stream_reader by_shape{e}, whole{e, false};
    writer a, b;
    while (!stream.empty()) {
        const std::size_t end = stream.find("\n\n");
        const std::string_view event = stream.substr(0, end == std::string_view::npos ? end : end + 2);
        stream.remove_prefix(event.size());
        const event_facts of_a = by_shape.read(event, &a);
        if (!same(of_a, whole.read(event, &b)) || a.all != b.all || by_shape.served_model() != whole.served_model()) std::abort();
    }
}

void check_sums(const usage::counts& used) {
    for (const std::int64_t part : {used.input, used.cached_input, used.cache_write, used.cache_write_1h, used.output, used.reasoning,
                                    used.audio_input, used.audio_output, used.image_output}) {
        if (part < 0) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto e = static_cast<endpoint>(data[0] % (static_cast<int>(endpoint::other) + 1));
    const std::string_view text{reinterpret_cast<const char*>(data + 2), size - 2};

    stream_reader reader{e};
    counter sink;
    const event_facts first = reader.read(text, &sink);
    stream_reader silent{e};
    const event_facts second = silent.read(text);
    if (first.content != second.content || first.error != second.error || first.finish != second.finish) std::abort();
    check_sums(reader.usage());

    check_shapes(e, text);

    const unary_facts whole = read_unary(e, text.data(), text.size());
    check_sums(whole.usage);
    usage_finder finder{e};
    const std::size_t step = data[1] % 16 + 1U;
    for (std::size_t at = 0; at < text.size(); at += step) finder.feed(text.substr(at, step));
    usage::counts found;
    const bool has = finder.result(found);
    if (whole.json && text.size() < 8000 && (has != whole.has_usage || found != whole.usage)) std::abort();
    return 0;
}
