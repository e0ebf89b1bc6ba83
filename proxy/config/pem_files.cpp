// PEM files through OpenSSL. Nothing read here is kept.
#include "config/pem_files.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <string_view>

#include "config/text_file.hpp"

namespace weir::config {

namespace {

template <auto Free>
struct deleter {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using bio = std::unique_ptr<BIO, deleter<BIO_free>>;
using certificate = std::unique_ptr<X509, deleter<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;

constexpr int warn_days = 14;

bio memory_of(const std::string& text) { return bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))}; }

// Without it OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

certificate next_certificate(BIO* from) { return certificate{PEM_read_bio_X509(from, nullptr, no_passphrase, nullptr)}; }

private_key read_key(const std::string& text) {
    const bio source = memory_of(text);
    return private_key{PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr)};
}

std::string day_of(const ASN1_TIME* time) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(time, &broken) != 1) return "an unreadable date";
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d", &broken);
    return std::string{text.data(), length};
}

pem_verdict judge_dates(const X509* leaf, wall_time now) {
    std::time_t moment = std::chrono::system_clock::to_time_t(now);
    std::time_t soon = moment + std::time_t{warn_days} * 24 * 3600;
    const ASN1_TIME* const end = X509_get0_notAfter(leaf);
    const ASN1_TIME* const start = X509_get0_notBefore(leaf);
    if (X509_cmp_time(end, &moment) < 0) return {"the certificate expired on " + day_of(end), {}};
    if (X509_cmp_time(end, &soon) < 0) return {{}, "the certificate expires soon, on " + day_of(end)};
    if (X509_cmp_time(start, &moment) > 0) return {{}, "the certificate is not valid before " + day_of(start)};
    return {};
}

}  // namespace

pem_verdict check_certificate_file(const std::string& path, wall_time now) {
    const file_text file = read_file(path, largest_included);
    if (!file.text) return {file.problem, {}};
    const bio source = memory_of(*file.text);
    const certificate leaf = next_certificate(source.get());
    ERR_clear_error();
    if (!leaf) return {"holds no certificate in PEM form", {}};
    return judge_dates(leaf.get(), now);
}

pem_verdict check_key_file(const std::string& path) {
    const file_text file = read_file(path, largest_included);
    if (!file.text) return {file.problem, {}};
    const private_key key = read_key(*file.text);
    ERR_clear_error();
    if (key) return {};
    if (file.text->find("ENCRYPTED") != std::string::npos) return {"is encrypted: weir cannot ask for its passphrase", {}};
    return {"holds no private key in PEM form", {}};
}

bool key_fits_certificate(const std::string& key_path, const std::string& certificate_path) {
    const file_text key_file = read_file(key_path, largest_included);
    const file_text certificate_file = read_file(certificate_path, largest_included);
    if (!key_file.text || !certificate_file.text) return false;
    const private_key key = read_key(*key_file.text);
    const bio source = memory_of(*certificate_file.text);
    const certificate leaf = next_certificate(source.get());
    const bool fits = key && leaf && X509_check_private_key(leaf.get(), key.get()) == 1;
    ERR_clear_error();
    return fits;
}

pem_verdict check_ca_file(const std::string& path) {
    const file_text file = read_file(path, largest_included);
    if (!file.text) return {file.problem, {}};
    const bio source = memory_of(*file.text);
    const bool any = next_certificate(source.get()) != nullptr;
    ERR_clear_error();
    return any ? pem_verdict{} : pem_verdict{"holds no certificate in PEM form", {}};
}

}  // namespace weir::config
