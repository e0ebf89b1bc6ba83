// Certificates made at run time, for the demo and for tests: a small authority and what it signs. EC P-256, PEM text.
// Not for anything that must stay secret or live long.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace weir::mock {

struct certificate {
    std::string pem;          ///< the certificate
    std::string private_key;  ///< PEM
};

struct certificate_request {
    std::string common_name = "localhost";
    std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1", "IP:::1"};  ///< subjectAltName entries; none for clients
    bool client = false;                                                           ///< for client authentication instead of a server's
    long valid_from_s = -3600;                                                     ///< seconds from now
    long valid_until_s = 86400L * 90;                                              ///< seconds from now; negative: expired
};

/// Signs with a self-made root. Throws std::runtime_error when OpenSSL refuses.
class authority {
public:
    explicit authority(const std::string& common_name = "weir test authority");
    ~authority();
    authority(authority&&) noexcept;
    authority& operator=(authority&&) noexcept;

    [[nodiscard]] const std::string& pem() const;  ///< the root certificate
    [[nodiscard]] certificate issue(const certificate_request& what = {}) const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace weir::mock
