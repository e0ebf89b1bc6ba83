// Listening sockets that this process was started with: from the service manager (LISTEN_FDS, as sd_listen_fds(3) describes it), or
// from the weir that it takes over from. It accepts nothing; net/listener.hpp does.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// A descriptor to listen on and whether somebody else goes on holding it (the service manager does; a predecessor leaves).
struct inherited_socket {
    int fd = -1;
    bool shared = false;
};

/// Owns what nobody has taken yet, and closes it at the end.
class inherited_sockets {
public:
    inherited_sockets() = default;
    ~inherited_sockets();
    inherited_sockets(inherited_sockets&&) noexcept = default;
    inherited_sockets& operator=(inherited_sockets&&) = delete;

    /// Reads the environment and removes what it read, so that no child inherits it by accident. Call it before any thread runs.
    [[nodiscard]] static inherited_sockets from_environment();

    /// The socket for an address of the conf. A predecessor's is found by role and address as written, the service manager's by
    /// the address that it is bound to; a wildcard IPv6 socket serves a wildcard IPv4 address too. Nothing: there is none.
    [[nodiscard]] std::optional<inherited_socket> take(std::string_view role, std::string_view address);

    /// What nobody took, as addresses for a message; closes them.
    [[nodiscard]] std::vector<std::string> close_rest();

    [[nodiscard]] pid_t predecessor() const { return predecessor_; }  ///< 0: none
    /// What the predecessor wanted its successor to know; it means something to the caller.
    [[nodiscard]] const std::string& note() const { return note_; }
    /// Where the predecessor waits for one byte that says "I serve"; -1: nobody waits. The caller closes it.
    [[nodiscard]] int ready_fd() const { return ready_fd_; }

private:
    struct one {
        int fd = -1;
        std::string name;  ///< "ROLE ADDRESS" of a predecessor's; empty: the service manager's
        bool shared = false;
    };
    std::vector<one> sockets_;
    pid_t predecessor_ = 0;
    std::string note_;
    int ready_fd_ = -1;
};

/// A socket to hand to a successor.
struct handed_socket {
    std::string role;     ///< listener | admin
    std::string address;  ///< as the conf writes it
    int fd = -1;
    bool shared = false;
};

struct successor {
    pid_t pid = 0;
    int ready_fd = -1;  ///< one byte comes when it serves; the end of the file when it does not and never will
};
/// Starts `program` with the sockets, so that its from_environment() finds them; standard streams are inherited. Throws
/// std::system_error. `note` is no secret: it stands in the environment.
[[nodiscard]] successor start_successor(const std::string& program, const std::vector<std::string>& arguments,
                                        const std::vector<handed_socket>& sockets, const std::string& note = {});

}  // namespace weir::net
