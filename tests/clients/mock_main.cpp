// The mock provider as a program, for tests in other languages: prints its port and runs until its input ends.
// Every call it got is printed at the end as METHOD TARGET OUTCOME FORM.
#include <iostream>
#include <string>

#include "mock/provider.hpp"

int main() {
    weir::mock::options how;
    how.api_key = "sk-upstream";
    how.timing.first = std::chrono::milliseconds{30};
    weir::mock::provider provider{how};
    provider.start();
    std::cout << provider.port() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        for (const auto& call : provider.calls())
            std::cout << call.method << ' ' << call.target << ' '
                      << (call.outcome == weir::mock::outcome::aborted ? "aborted" : "finished")
                      << (call.stream ? " stream" : " unary") << '\n';
        std::cout << "." << std::endl;
    }
    provider.stop();
}
