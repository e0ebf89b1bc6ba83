// The real binary with a conf in a folder of its own, on ports of the system's choice.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock/certificates.hpp"
#include "mock/provider.hpp"
#include "support/process.hpp"
#include "support/raw_client.hpp"
#include "support/temp_folder.hpp"

namespace weir::test {

/// `binary` is WEIR_BINARY. The conf should say `admin: {address: "127.0.0.1:0"}`, ports 0 and `log: {access:
/// access.log}`.
class gateway_process {
public:
    using files = std::map<std::string, std::string>;

    /// Writes the conf and the files and starts the binary. Throws std::runtime_error with its standard error when it
    /// does not come up.
    /// `{folder}` in the conf stands for the folder's path.
    gateway_process(const std::string& binary, std::string conf, const files& beside = {});
    /// Ends the gateway. One that ended by itself with anything but 0, or that a sanitizer found a leak in at its end, fails the test that is
    /// running, with its last words.
    ~gateway_process();
    gateway_process(const gateway_process&) = delete;
    gateway_process& operator=(const gateway_process&) = delete;

    /// Bound addresses in the conf's order: http://HOST:PORT, https://HOST:PORT, unix:/path.
    [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
    [[nodiscard]] const std::string& url(std::size_t listener = 0) const { return addresses_.at(listener); }
    [[nodiscard]] const std::string& admin() const { return admin_; }
    [[nodiscard]] process& program() { return *process_; }
    /// kill -9, and waits until it is dead. What needs the program must not be called any more.
    void kill() { process_.reset(); }
    [[nodiscard]] const temp_folder& folder() const { return folder_; }

    /// GET on the admin address.
    [[nodiscard]] response ask_admin(std::string_view path) const;
    [[nodiscard]] std::string metrics() const { return ask_admin("/metrics").body; }
    /// Asks /metrics until `enough`; the last exposition comes back either way.
    [[nodiscard]] std::string metrics_when(const std::function<bool(const std::string&)>& enough, milliseconds limit = milliseconds{3000}) const;
    /// The access log's line that contains `text`, waited for; "" when none comes.
    [[nodiscard]] std::string log_line(std::string_view text, milliseconds limit = milliseconds{3000}) const;

private:
    temp_folder folder_;
    std::unique_ptr<process> process_;
    std::vector<std::string> addresses_;
    std::string admin_;
};

/// The sum of a metric's series that carry all of `labels` (as written: `pool="a"`).
[[nodiscard]] double metric(std::string_view exposition, std::string_view name, const std::vector<std::string>& labels = {});

/// A line of `upstreams:` for a mock, with more members appended as written.
[[nodiscard]] std::string upstream_of(const mock::provider& provider, std::string_view more = {});

/// A port that refuses every connection while this process lives.
[[nodiscard]] int refusing_port();
/// A port to listen on later. Until then some other program may be given it.
[[nodiscard]] int unused_port();

/// A mock that answers without pauses, started.
[[nodiscard]] std::unique_ptr<mock::provider> quick_provider(std::string name, std::optional<mock::tls_options> tls = std::nullopt,
                                                             std::string api_key = {});

/// Likewise, and it refuses what the vendors refuse.
[[nodiscard]] std::unique_ptr<mock::provider> strict_provider(std::string name);

/// The admin and log sections every conf of these tests ends with.
inline constexpr const char* conf_end =
    "admin: {address: \"127.0.0.1:0\"}\n"
    "workers: 2\n"
    "state: {ledger: ledger.db}\n"
    "log: {access: access.log, level: info}\n";

}  // namespace weir::test
