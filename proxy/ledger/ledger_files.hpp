// The files of a ledger beside its database: a lock and journals for each process that uses it. It knows their names, not what is in them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weir::ledger {

// Who takes over from a weir that still drains uses the next slot: a lock and journals of its own.
inline constexpr std::size_t slots = 16;

[[nodiscard]] std::string lock_path(const std::string& ledger, std::size_t slot);
[[nodiscard]] std::string journal_path(const std::string& ledger, std::size_t worker, std::size_t slot);
/// The slot of a journal's name: "….w0.journal" is of slot 0, "….w0.3.journal" of slot 3.
[[nodiscard]] std::size_t slot_of(const std::string& journal);

/// The journal files beside the ledger at `path`, whichever process made them, in the order of their names.
[[nodiscard]] std::vector<std::string> journal_files(const std::string& path);

/// A whole file. One that cannot be read is empty, or ends where reading failed.
[[nodiscard]] std::string read_file(const std::string& path);

/// Milliseconds since the Unix epoch, for the names of files that are set aside.
[[nodiscard]] std::string stamp_now();

}  // namespace weir::ledger
