// The clients that weir knows how to point at itself: conf/clients.yaml, as it was when this program was built. It knows no conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::setup {

struct step {
    std::string where;  ///< a file, variables, fields of a form
    std::string text;
};

struct client {
    std::string name;   ///< what `weir setup` calls it
    std::string title;  ///< what people call it
    std::string tried;  ///< version and day; empty: nobody has
    std::vector<std::string> prefers;
    std::string summary;  ///< one line
    std::vector<step> steps;
    std::string note;
};

/// Read once; in the order of the file.
[[nodiscard]] const std::vector<client>& known_clients();
[[nodiscard]] const client* find_client(std::string_view name);
/// The name nearest to one that is not known; empty: none is near.
[[nodiscard]] std::string nearest_client(std::string_view name);

/// What a table like conf/clients.yaml says. Entries without a title or a step are left out.
[[nodiscard]] std::vector<client> read_clients(std::string_view yaml);
/// The text of conf/clients.yaml.
[[nodiscard]] std::string_view shipped_clients_text();

}  // namespace weir::setup
