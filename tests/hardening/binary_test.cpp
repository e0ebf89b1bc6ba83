// What the compiler and the linker made of the program: read back from the file itself, since a flag that was dropped on the way looks
// the same in every other test.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
namespace {

// A 64-bit ELF file of this machine's byte order.
class elf_file {
public:
    explicit elf_file(const std::string& path) {
        std::ifstream in{path, std::ios::binary};
        bytes_.assign(std::istreambuf_iterator<char>{in}, {});
        if (bytes_.size() < sizeof(Elf64_Ehdr) || bytes_.compare(0, SELFMAG, ELFMAG) != 0) throw std::runtime_error(path + " is no ELF file");
        header = at<Elf64_Ehdr>(0);
        for (std::size_t i = 0; i < header.e_phnum; ++i) segments.push_back(at<Elf64_Phdr>(header.e_phoff + i * header.e_phentsize));
        for (std::size_t i = 0; i < header.e_shnum; ++i) sections.push_back(at<Elf64_Shdr>(header.e_shoff + i * header.e_shentsize));
    }

    template <class T>
    [[nodiscard]] T at(std::uint64_t offset) const {
        if (offset + sizeof(T) > bytes_.size()) throw std::runtime_error("the ELF file is cut off");
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }
    [[nodiscard]] std::string_view view(std::uint64_t offset, std::uint64_t size) const { return std::string_view{bytes_}.substr(offset, size); }

    [[nodiscard]] std::vector<Elf64_Phdr> of_type(Elf64_Word type) const {
        std::vector<Elf64_Phdr> found;
        for (const auto& s : segments)
            if (s.p_type == type) found.push_back(s);
        return found;
    }
    [[nodiscard]] std::optional<std::uint64_t> dynamic(Elf64_Sxword tag) const {
        for (const auto& s : of_type(PT_DYNAMIC))
            for (std::uint64_t i = 0; i < s.p_filesz / sizeof(Elf64_Dyn); ++i)
                if (const auto d = at<Elf64_Dyn>(s.p_offset + i * sizeof(Elf64_Dyn)); d.d_tag == tag) return d.d_un.d_val;
        return std::nullopt;
    }
    // Names of what it takes from libraries.
    [[nodiscard]] std::set<std::string> imports() const {
        std::set<std::string> names;
        for (const auto& s : sections) {
            if (s.sh_type != SHT_DYNSYM) continue;
            const auto& strings = sections.at(s.sh_link);
            for (std::uint64_t i = 0; i < s.sh_size / sizeof(Elf64_Sym); ++i) {
                const auto symbol = at<Elf64_Sym>(s.sh_offset + i * sizeof(Elf64_Sym));
                if (symbol.st_shndx != SHN_UNDEF) continue;
                const auto name = view(strings.sh_offset + symbol.st_name, strings.sh_size - symbol.st_name);
                names.emplace(name.substr(0, name.find('\0')));
            }
        }
        return names;
    }

    Elf64_Ehdr header{};
    std::vector<Elf64_Phdr> segments;
    std::vector<Elf64_Shdr> sections;

private:
    std::string bytes_;
};

const elf_file& program() {
    static const elf_file file{WEIR_BINARY};
    return file;
}

TEST(Binary, IsLoadedWhereNobodyCanKnow) {
    EXPECT_EQ(program().header.e_type, ET_DYN);
    EXPECT_EQ(program().of_type(PT_INTERP).size(), 1u);
    EXPECT_TRUE(program().dynamic(DT_FLAGS_1).value_or(0) & DF_1_PIE);
}

TEST(Binary, ResolvesItsImportsAtStartAndLocksThem) {
    const auto flags = program().dynamic(DT_FLAGS).value_or(0), more = program().dynamic(DT_FLAGS_1).value_or(0);
    EXPECT_TRUE((flags & DF_BIND_NOW) != 0 || (more & DF_1_NOW) != 0);
    EXPECT_EQ(program().of_type(PT_GNU_RELRO).size(), 1u);
    EXPECT_FALSE(program().dynamic(DT_TEXTREL)) << "its code would have to be writable while it is loaded";
}

TEST(Binary, HasNoMemoryThatIsBothWritableAndExecutable) {
    const auto stack = program().of_type(PT_GNU_STACK);
    ASSERT_EQ(stack.size(), 1u) << "without this segment the kernel makes the stack executable";
    EXPECT_EQ(stack[0].p_flags & PF_X, 0u);
    for (const auto& s : program().of_type(PT_LOAD)) EXPECT_NE(s.p_flags & (PF_W | PF_X), static_cast<unsigned>(PF_W | PF_X));
}

TEST(Binary, LooksForLibrariesOnlyWhereTheSystemDoes) {
    EXPECT_FALSE(program().dynamic(DT_RPATH));
    EXPECT_FALSE(program().dynamic(DT_RUNPATH));
}

TEST(Binary, GuardsItsStackFramesAndTheStandardLibrarysBounds) {
    const auto names = program().imports();
    EXPECT_TRUE(names.contains("__stack_chk_fail"));
    EXPECT_TRUE(names.contains("_ZSt21__glibcxx_assert_failPKciS0_S0_")) << "compiled without _GLIBCXX_ASSERTIONS";
}

#ifdef __x86_64__
constexpr Elf64_Word x86_features = 0xc0000002, shadow_stack = 2;

// GNU_PROPERTY_X86_FEATURE_1_AND; 0: the program says nothing.
Elf64_Word marked_features() {
    for (const auto& s : program().of_type(PT_GNU_PROPERTY)) {
        // Behind the note's three words and its name: type, size and value of each property, in units of 8 bytes.
        for (std::uint64_t at = s.p_offset + 16; at + 12 <= s.p_offset + s.p_filesz;) {
            const auto type = program().at<Elf64_Word>(at), size = program().at<Elf64_Word>(at + 4);
            if (type == x86_features && size == 4) return program().at<Elf64_Word>(at + 8);
            at += 8 + (size + 7) / 8 * 8;
        }
    }
    return 0;
}

TEST(Binary, IsMarkedForShadowStacks) { EXPECT_TRUE(marked_features() & shadow_stack); }

TEST(Binary, MarksWhereIndirectCallsMayLand) {
    // Every function whose address is taken begins so; thousands do where the flag is on, a handful of start-up code where it is not.
    constexpr std::string_view landing = "\xF3\x0F\x1E\xFA";
    std::size_t found = 0;
    for (const auto& s : program().of_type(PT_LOAD)) {
        if ((s.p_flags & PF_X) == 0) continue;
        const auto code = program().view(s.p_offset, s.p_filesz);
        for (auto at = code.find(landing); at != std::string_view::npos; at = code.find(landing, at + 1)) ++found;
    }
    EXPECT_GT(found, 1000u);
}
#endif

}  // namespace
}  // namespace weir
