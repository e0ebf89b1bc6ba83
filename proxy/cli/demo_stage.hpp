// What the demo plays on: a folder with certificates and a conf, two pretend providers over TLS, a gateway in front of
// them. It sends nothing (demo_talk.hpp does).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/gateway.hpp"
#include "config/conf.hpp"
#include "mock/certificates.hpp"
#include "mock/provider.hpp"
#include "net/upstream.hpp"

namespace weir::cli {

/// A new folder under the system's temporary one; removed with everything in it.
class temporary_folder {
public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void write(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path path_;
};

class demo_stage {
public:
    static constexpr const char* client_key = "sk-weir-demo";   ///< what the client calls with
    static constexpr const char* provider_key = "mock-secret";  ///< what the providers insist on

    /// Starts everything. Throws std::runtime_error with the reason when something does not start.
    explicit demo_stage(const mock::timing& pace);
    ~demo_stage();

    [[nodiscard]] const std::string& conf_text() const { return conf_text_; }
    [[nodiscard]] const config::conf& conf() const { return *conf_; }
    [[nodiscard]] std::string address() const;        ///< HOST:PORT of the gateway
    [[nodiscard]] std::string admin_address() const;  ///< HOST:PORT
    /// The gateway as its clients call it: over TLS, and nobody is trusted but the demo's own authority.
    [[nodiscard]] std::shared_ptr<const net::upstream_target> as_called() const;
    [[nodiscard]] const mock::provider& north() const { return *north_; }
    [[nodiscard]] const mock::provider& south() const { return *south_; }

private:
    void start_provider(std::unique_ptr<mock::provider>& into, const char* name, const mock::timing& pace);
    void write_files();

    temporary_folder folder_;
    mock::authority authority_{"weir demo authority"};
    std::unique_ptr<mock::provider> north_, south_;
    std::string conf_text_;
    std::shared_ptr<const config::conf> conf_;
    std::unique_ptr<app::gateway> gateway_;
};

}  // namespace weir::cli
