// `weir serve`: the control thread. It takes signals, watches the conf's files, speaks with the service manager and hands over to a
// successor; what it decides is carried out by the gateway.
#pragma once

#include "config/load.hpp"

namespace weir::app {

struct serve_options {
    config::conf_source conf;
};

/// Runs until a signal ends it. SIGHUP reloads, SIGUSR1 reopens log files, SIGUSR2 starts the program anew and hands the listeners
/// over to it, SIGTERM and SIGINT drain. Returns the exit code of `weir serve`.
int serve(const serve_options& options);

}  // namespace weir::app
