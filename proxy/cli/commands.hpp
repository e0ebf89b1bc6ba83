// The command line: picks a command, runs it, gives back the exit code. What a command does stands in its own file.
#pragma once

namespace weir::cli {

/// Exit codes: 0 fine, 1 the thing asked about is at fault, 2 wrong usage.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace weir::cli
