// The mock provider as a program, for tests in other languages: prints its port and runs until its input ends.
// Every call it got is printed for each line of input, as METHOD TARGET OUTCOME FORM, then a line with a dot; for the line `body` the last one's
// TARGET and, on a line of its own, its body.
//   --quick    its streams pause a millisecond between events, not tens of them
//   --strict   it refuses what the vendors refuse, and thoughts that do not come back as they were given out
//   --stateful it keeps files, batches and responses, and its WebSockets speak OpenAI's realtime events
#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>

#include "mock/provider.hpp"

namespace {

void print_body(const weir::mock::provider& provider) {
    const auto calls = provider.calls();
    std::string body = calls.empty() ? std::string{} : calls.back().body;
    std::replace(body.begin(), body.end(), '\n', ' ');
    std::cout << (calls.empty() ? std::string{} : calls.back().target) << '\n' << body << std::endl;
}

}  // namespace

int main(int count, char** arguments) {
    weir::mock::options how;
    how.api_key = "sk-upstream";
    how.timing.first = std::chrono::milliseconds{30};
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--quick") {
            how.timing = {std::chrono::milliseconds{5}, std::chrono::milliseconds{1}, std::chrono::milliseconds{1}};
        } else if (argument == "--strict") {
            how.strict = true;
        } else if (argument == "--stateful") {
            how.stateful = true;
        } else {
            std::cerr << "unknown argument " << argument << ": there are --quick, --strict and --stateful\n";
            return 2;
        }
    }
    weir::mock::provider provider{how};
    provider.start();
    std::cout << provider.port() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        if (line == "body") {
            print_body(provider);
            continue;
        }
        for (const auto& call : provider.calls())
            std::cout << call.method << ' ' << call.target << ' ' << (call.outcome == weir::mock::outcome::aborted ? "aborted" : "finished")
                      << (call.stream ? " stream" : " unary") << '\n';
        std::cout << "." << std::endl;
    }
    provider.stop();
}
