// The picture in proxy/ARCHITECTURE.md, held against the files: who includes whom, how long files are, and words that
// do not belong here. It reads text only; that everything links is the build's business.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path root{WEIR_SOURCE_DIR};

// The picture, from the bottom up. A room may include itself and what stands here, nothing else.
const std::map<std::string, std::set<std::string>> may_include{
    {"core", {}},
    {"http", {"core"}},
    {"usage", {"core"}},
    {"token", {"core"}},
    {"dialect", {"core", "http", "usage"}},
    {"policy", {"core", "usage"}},
    {"fleet", {"core", "policy", "usage"}},
    {"record", {"core", "usage"}},
    {"net", {"core", "http"}},
    {"wire", {"core", "http", "net"}},
    {"ledger", {"core", "record", "usage"}},
    {"telemetry", {"core", "record", "usage"}},
    {"config", {"core", "dialect", "policy", "fleet", "net", "telemetry", "usage"}},
    // Other programs' confs: the reader of YAML, the checks of URLs and names, and JSON. It serves nothing.
    {"import", {"core", "dialect", "policy", "config"}},
    // What clients are told to write where: a table that the reader of YAML reads.
    {"setup", {"core", "config"}},
    {"mock", {"core"}},
    {"pools", {"core", "http", "usage", "dialect", "policy", "fleet", "net", "wire", "telemetry", "config"}},
    {"probe", {"core", "http", "usage", "dialect", "policy", "net", "wire", "telemetry", "config", "pools"}},
    {"exchange",
     {"core", "http", "usage", "token", "dialect", "policy", "record", "net", "wire", "ledger", "telemetry", "config", "setup", "pools", "probe"}},
    {"worker", {"core", "http", "usage", "dialect", "policy", "record", "net", "wire", "ledger", "telemetry", "config", "pools", "exchange"}},
    {"admin",
     {"core", "http", "usage", "dialect", "policy", "fleet", "record", "net", "wire", "ledger", "telemetry", "config", "pools", "exchange",
      "worker"}},
    {"app",
     {"core", "http", "usage", "token", "dialect", "policy", "fleet", "record", "net", "wire", "ledger", "telemetry", "config", "pools", "probe",
      "exchange", "worker", "admin"}},
    {"cli", {"core",      "http",   "usage",  "token", "dialect", "policy", "fleet", "record",   "net",    "wire",  "ledger",
             "telemetry", "config", "import", "setup", "mock",    "pools",  "probe", "exchange", "worker", "admin", "app"}},
    {"main.cpp", {"cli"}},
};

// Longer than `longest_file` lines. This list only ever gets shorter.
constexpr std::size_t longest_file = 600;
const std::set<std::string> long_files{};

struct source {
    std::string room;  // the folder in proxy/, or the file's name for what stands in proxy/ itself
    std::string name;  // relative to proxy/
    std::string text;
    [[nodiscard]] std::size_t lines() const { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }
};

std::string read(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

const std::vector<source>& sources() {
    static const std::vector<source> all = [] {
        std::vector<source> found;
        for (const auto& entry : fs::recursive_directory_iterator{root / "proxy"}) {
            const auto extension = entry.path().extension();
            if (extension != ".hpp" && extension != ".cpp") continue;
            const auto name = fs::relative(entry.path(), root / "proxy");
            found.push_back({name.begin()->string(), name.generic_string(), read(entry.path())});
        }
        return found;
    }();
    return all;
}

std::vector<std::string> included_rooms(const source& s) {
    static const std::regex include{R"re((?:^|\n)\s*#\s*include\s*["<]([a-z0-9_]+)/([a-z0-9_./]+)[">])re"};
    std::vector<std::string> rooms;
    for (std::sregex_iterator it{s.text.begin(), s.text.end(), include}, end; it != end; ++it)
        if (may_include.contains((*it)[1])) rooms.push_back((*it)[1]);
    return rooms;
}

std::set<std::string> rooms() {
    std::set<std::string> found;
    for (const auto& s : sources()) found.insert(s.room);
    return found;
}

}  // namespace

TEST(Layering, KnowsEveryRoomThatThereIs) {
    EXPECT_GT(sources().size(), 150u);
    for (const auto& room : rooms()) EXPECT_TRUE(may_include.contains(room)) << room << " is not in the picture";
    for (const auto& [room, below] : may_include) EXPECT_TRUE(rooms().contains(room)) << room << " is in the picture only";
}

TEST(Layering, EveryFileIncludesOnlyWhatItsRoomMay) {
    std::size_t seen = 0;
    for (const auto& s : sources())
        for (const auto& other : included_rooms(s)) {
            ++seen;
            EXPECT_TRUE(other == s.room || may_include.at(s.room).contains(other)) << s.name << " includes " << other << "/";
        }
    EXPECT_GT(seen, 400u);
}

TEST(Layering, ThePictureHasNoCircles) {
    // Peel off rooms that need nothing that is left; a circle would remain.
    auto left = may_include;
    for (bool peeled = true; peeled;) {
        peeled = false;
        for (auto it = left.begin(); it != left.end();) {
            const bool free = std::none_of(it->second.begin(), it->second.end(), [&](const auto& below) { return left.contains(below); });
            it = free ? left.erase(it) : std::next(it);
            peeled = peeled || free;
        }
    }
    EXPECT_TRUE(left.empty());
}

TEST(Layering, SocketsPoliciesAndDialectsNeverMeet) {
    for (const std::string room : {"net", "policy", "dialect"})
        for (const std::string other : {"net", "policy", "dialect"})
            if (room != other) {
                EXPECT_FALSE(may_include.at(room).contains(other)) << room << " and " << other;
            }
}

TEST(Layering, OnlyTheMockProviderSpeaksAsio) {
    const std::regex asio{R"(#\s*include\s*<boost/(?:asio|beast))"};
    for (const auto& s : sources())
        if (std::regex_search(s.text, asio)) {
            EXPECT_EQ(s.room, "mock") << s.name;
        }
    // And never from a header that many files include.
    for (const auto& s : sources())
        if (s.name.ends_with(".hpp")) {
            EXPECT_FALSE(std::regex_search(s.text, asio)) << s.name;
        }
}

TEST(Layering, EveryHeaderIsIncludedOnceAndSaysWhatItIsFor) {
    for (const auto& s : sources()) {
        if (!s.name.ends_with(".hpp")) continue;
        EXPECT_NE(s.text.find("#pragma once"), std::string::npos) << s.name;
        EXPECT_TRUE(s.text.starts_with("// ")) << s.name << " does not begin with what it is for";
    }
}

TEST(Layering, NoFileIsTooLong) {
    std::set<std::string> needed;
    for (const auto& s : sources()) {
        if (s.lines() <= longest_file) continue;
        needed.insert(s.name);
        EXPECT_TRUE(long_files.contains(s.name)) << s.name << " has " << s.lines() << " lines";
    }
    for (const auto& name : long_files) EXPECT_TRUE(needed.contains(name)) << name << " needs no exemption any more: take it off the list";
}

TEST(Layering, EveryRoomHasARowInTheArchitecture) {
    const auto page = read(root / "proxy" / "ARCHITECTURE.md");
    for (const auto& room : rooms())
        if (room != "main.cpp") {
            EXPECT_NE(page.find("| `" + room + "/` |"), std::string::npos) << room;
        }
}

TEST(Layering, TheArchitectureNamesOnlyFilesThatExist) {
    const auto page = read(root / "proxy" / "ARCHITECTURE.md");
    const std::regex file{R"(`([a-z0-9_]+/[a-z0-9_./]+\.(?:hpp|cpp|md|yaml)))"};
    std::size_t seen = 0;
    for (std::sregex_iterator it{page.begin(), page.end(), file}, end; it != end; ++it, ++seen) {
        const std::string name = (*it)[1];
        EXPECT_TRUE(fs::exists(root / "proxy" / name) || fs::exists(root / name)) << name;
    }
    EXPECT_GT(seen, 40u);
}

TEST(Layering, TheDailyWorkNamesOnlyFilesThatExist) {
    const auto page = read(root / "deploy" / "CONTRIBUTING.md");
    const std::regex file{R"(`((?:proxy|tests|conf|deploy)/[A-Za-z0-9_./]+)`)"};
    std::size_t seen = 0;
    for (std::sregex_iterator it{page.begin(), page.end(), file}, end; it != end; ++it, ++seen)
        EXPECT_TRUE(fs::exists(root / (*it)[1].str())) << (*it)[1];
    EXPECT_GT(seen, 30u);
}

TEST(Layering, NothingNamesTheMachineItWasWrittenOn) {
    // In two halves each, so that this file does not hold them.
    const std::vector<std::string> words{
        "/wo"
        "rk/",
        "/ho"
        "me/",
        "/ro"
        "ot/",
        "/tm"
        "p/weir/"};
    const std::set<std::string> texts{".hpp", ".cpp", ".md", ".txt", ".cmake", ".yaml", ".yml", ".json", ".sh", ".py", ".js", ".ts"};
    std::size_t seen = 0;
    for (const std::string folder : {"proxy", "tests", "bench", "conf", "deploy"})
        for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
            if (!entry.is_regular_file() || !texts.contains(entry.path().extension())) continue;
            ++seen;
            const auto text = read(entry.path());
            for (const auto& word : words)
                EXPECT_EQ(text.find(word), std::string::npos) << entry.path().lexically_relative(root) << " holds " << word;
        }
    EXPECT_GT(seen, 300u);
}
