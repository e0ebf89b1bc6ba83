// Feeds files to a fuzz target, without libFuzzer: what was once found, and the seeds, are tests of every build.
//   weir_fuzz_replay TARGET FILE-OR-FOLDER...
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "fuzz_targets.hpp"

namespace fs = std::filesystem;

namespace {

// In memory of exactly its size, so that a read behind the end is one behind the end of an allocation.
void feed(fuzz_target target, const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    const std::vector<char> bytes{std::istreambuf_iterator<char>{in}, {}};
    std::fprintf(stderr, "%s: %zu bytes\n", file.c_str(), bytes.size());  // the last line names what broke it
    (void)target(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
    fuzz_target target = nullptr;
    for (const auto& known : fuzz_targets)
        if (count > 2 && std::strcmp(known.name, arguments[1]) == 0) target = known.entry;
    if (!target) {
        std::fprintf(stderr, "usage: weir_fuzz_replay TARGET FILE-OR-FOLDER...\ntargets:");
        for (const auto& known : fuzz_targets) std::fprintf(stderr, " %s", known.name);
        std::fprintf(stderr, "\n");
        return 2;
    }
    int fed = 0;
    for (int i = 2; i < count; ++i) {
        const fs::path what{arguments[i]};
        if (fs::is_regular_file(what)) {
            feed(target, what);
            ++fed;
        } else if (fs::is_directory(what)) {
            for (const auto& entry : fs::recursive_directory_iterator{what}) {
                if (!entry.is_regular_file()) continue;
                feed(target, entry.path());
                ++fed;
            }
        }
    }
    if (fed == 0)
        std::fprintf(stderr, "weir_fuzz_replay: there is no file to feed: every target has seeds and a dictionary in tests/fuzz/corpus/NAME\n");
    return fed > 0 ? 0 : 1;
}
