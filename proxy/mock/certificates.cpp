// X.509 with OpenSSL's own calls; every object is held by something that frees it.
#include "mock/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace weir::mock {
namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

void must(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string{"certificate: "} + what);
}

key_ptr new_key() {
    key_ptr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
    must(key != nullptr, "no key");
    return key;
}

std::string text_of(BIO* from) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(from, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* what) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    must(PEM_write_bio_X509(out.get(), what) == 1, "not written");
    return text_of(out.get());
}

std::string pem_of(EVP_PKEY* what) {
    const bio_ptr out{BIO_new(BIO_s_mem())};
    must(PEM_write_bio_PrivateKey(out.get(), what, nullptr, nullptr, 0, nullptr, nullptr) == 1, "key not written");
    return text_of(out.get());
}

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    const extension_ptr made{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
    must(made && X509_add_ext(to, made.get(), -1) == 1, "extension refused");
}

void set_serial(X509* to) {
    unsigned char bytes[16];
    must(RAND_bytes(bytes, sizeof bytes) == 1, "no randomness");
    bytes[0] &= 0x7f;
    const std::unique_ptr<BIGNUM, freed_by<BN_free>> number{BN_bin2bn(bytes, sizeof bytes, nullptr)};
    must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(to)) != nullptr, "no serial number");
}

x509_ptr blank(const std::string& common_name, EVP_PKEY* key, long from_s, long until_s) {
    x509_ptr made{X509_new()};
    must(made && X509_set_version(made.get(), 2) == 1, "no certificate");
    set_serial(made.get());
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), until_s);
    X509_set_pubkey(made.get(), key);
    auto* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    return made;
}

}  // namespace

struct authority::parts {
    key_ptr key;
    x509_ptr root;
    std::string pem;
};

authority::authority(const std::string& common_name) : parts_(std::make_unique<parts>()) {
    parts_->key = new_key();
    parts_->root = blank(common_name, parts_->key.get(), -86400, 86400L * 365);
    auto* root = parts_->root.get();
    X509_set_issuer_name(root, X509_get_subject_name(root));
    add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(root, root, NID_subject_key_identifier, "hash");
    must(X509_sign(root, parts_->key.get(), EVP_sha256()) > 0, "not signed");
    parts_->pem = pem_of(root);
}

authority::~authority() = default;
authority::authority(authority&&) noexcept = default;
authority& authority::operator=(authority&&) noexcept = default;

const std::string& authority::pem() const { return parts_->pem; }

certificate authority::issue(const certificate_request& what) const {
    const auto key = new_key();
    const auto made = blank(what.common_name, key.get(), what.valid_from_s, what.valid_until_s);
    auto* root = parts_->root.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(root));
    add_extension(made.get(), root, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), root, NID_key_usage, "critical,digitalSignature");
    add_extension(made.get(), root, NID_ext_key_usage, what.client ? "clientAuth" : "serverAuth");
    add_extension(made.get(), root, NID_authority_key_identifier, "keyid");
    std::string names;
    for (const auto& name : what.names) names += (names.empty() ? "" : ",") + name;
    if (!names.empty() && !what.client) add_extension(made.get(), root, NID_subject_alt_name, names);
    must(X509_sign(made.get(), parts_->key.get(), EVP_sha256()) > 0, "not signed");
    return {pem_of(made.get()), pem_of(key.get())};
}

}  // namespace weir::mock
