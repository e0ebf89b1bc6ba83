// What a person does to point one client at one gateway, as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "setup/clients.hpp"

namespace weir::setup {

struct gateway {
    std::string origin;               ///< `http://127.0.0.1:8080`
    std::string key;                  ///< what stands where clients show their key: never a secret
    std::vector<std::string> models;  ///< that may be called, the operator's first
};

/// The model that a client is shown first: what its table prefers of those that are served, else the first that talks.
[[nodiscard]] std::string model_for(const client& what, const std::vector<std::string>& models);

/// Whether a name is that of a model that answers in words, as far as names tell.
[[nodiscard]] bool talks(std::string_view model);

/// A text of the table with its places filled in. `model`: the one that is named.
[[nodiscard]] std::string filled(std::string_view text, const gateway& at, const std::string& model);

/// All of it. `model`: the one that is named; empty: model_for().
[[nodiscard]] std::string instructions(const client& what, const gateway& at, const std::string& model);

}  // namespace weir::setup
