// Looks into certificate, key and CA files, so that a mistake shows before the first handshake. It opens no connection.
#pragma once

#include <chrono>
#include <string>

namespace weir::config {

struct pem_verdict {
    std::string error;    ///< empty: usable
    std::string warning;  ///< empty: nothing to say
};

using wall_time = std::chrono::system_clock::time_point;

/// A PEM chain, leaf first. Expired is an error; expiring within 14 days or not valid yet is a warning.
[[nodiscard]] pem_verdict check_certificate_file(const std::string& path, wall_time now);
/// An unencrypted PEM private key.
[[nodiscard]] pem_verdict check_key_file(const std::string& path);
/// Whether both belong together; both must be usable.
[[nodiscard]] bool key_fits_certificate(const std::string& key, const std::string& certificate);
/// A PEM file with at least one certificate.
[[nodiscard]] pem_verdict check_ca_file(const std::string& path);

}  // namespace weir::config
