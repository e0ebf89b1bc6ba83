// What tests of the conf need around them: a folder of their own, an environment, certificates made on the spot.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "config/environment.hpp"
#include "config/load.hpp"

namespace weir::config::test {

/// A folder that is gone with the test.
class folder {
public:
    folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "weir-config-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream{at(name), std::ios::binary} << text;
        // As who keeps secrets has them; others' rights to read are a matter of the tests that say so.
        std::filesystem::permissions(at(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return at(name);
    }

private:
    std::filesystem::path path_;
};

inline environment environment_of(std::map<std::string, std::string, std::less<>> variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
}

inline std::string file_text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

/// A self-signed certificate and its key, both as PEM.
struct identity {
    std::string certificate, key;
};

inline identity make_identity(long valid_from_days, long valid_to_days) {
    const auto pem = [](auto&& write) {
        BIO* const out = BIO_new(BIO_s_mem());
        write(out);
        char* data = nullptr;
        const long length = BIO_get_mem_data(out, &data);
        std::string text{data, static_cast<std::size_t>(length)};
        BIO_free(out);
        return text;
    };
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    constexpr long day = 24 * 3600;
    X509_gmtime_adj(X509_getm_notBefore(certificate), valid_from_days * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), valid_to_days * day);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    unsigned char common_name[] = "localhost";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    identity made{pem([&](BIO* out) { PEM_write_bio_X509(out, certificate); }),
                  pem([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); })};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

/// All faults, one per line, for messages of failing tests.
inline std::string list_of(const std::vector<fault>& faults) {
    std::string text;
    for (const fault& f : faults) text += to_string(f) + "\n";
    return text;
}

}  // namespace weir::config::test
