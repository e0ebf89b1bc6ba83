// `weir demo`: shows a few streams going through a gateway, and checks that what came out is what went in.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include "cli/admin_call.hpp"
#include "cli/command.hpp"
#include "cli/demo_stage.hpp"
#include "cli/demo_talk.hpp"
#include "usage/money.hpp"
#include "usage/price_book.hpp"

namespace weir::cli {
namespace {

struct totals {
    std::int64_t requests = 0, prompt = 0, completion = 0;
    usage::nanousd cost = 0;
};

class demo {
public:
    explicit demo(bool fast) : stage_(fast ? mock::timing::none() : mock::timing{}) {}

    int run() {
        introduce();
        for (const auto& each : demo_questions()) ask(each);
        conclude();
        check_books();
        show_metrics();
        if (faults_.empty()) {
            where_next();
            return fine;
        }
        std::cout << "\nSomething did not come through:\n";
        for (const auto& fault : faults_) std::cout << "  " << fault << '\n';
        return at_fault;
    }

private:
    void introduce() {
        std::cout << "weir demo: two pretend providers and a gateway in front of them, TLS on every leg, certificates "
                     "made just now.\n\n"
                  << "  client  ->  weir " << stage_.address() << "  ->  north " << stage_.north().url() << "  (weight 2)\n"
                  << std::string(static_cast<std::size_t>(17) + stage_.address().size(), ' ') << "  ->  south " << stage_.south().url()
                  << "  (weight 1)\n\nThe conf:\n\n";
        std::istringstream lines{stage_.conf_text()};
        for (std::string line; std::getline(lines, line);) std::cout << "    " << line << '\n';
        std::cout << std::flush;
    }

    void ask(const question& what) {
        std::cout << "\n> " << what.asks << "  (" << what.model << ")\n  " << std::flush;
        const auto got = talk(stage_, what, [](std::string_view piece) { std::cout << piece << std::flush; });
        const auto* price = stage_.conf().prices.find(what.model, got.upstream);
        const auto cost = price == nullptr ? 0 : usage::cost_of(*price, got.used);
        std::cout << "\n  [" << (got.upstream.empty() ? "nobody" : got.upstream) << "] " << got.used.prompt() << " + " << got.used.completion()
                  << " tokens, $" << usage::usd_string(cost) << ", first token after " << std::fixed << std::setprecision(1) << got.first_token_ms
                  << " ms\n";
        if (!got.fault.empty()) return faults_.push_back(std::string{what.asks} + ": " + got.fault);
        bodies_.push_back(got.body);
        for (auto* sum : {&by_upstream_[got.upstream], &all_}) {
            ++sum->requests;
            sum->prompt += got.used.prompt();
            sum->completion += got.used.completion();
            sum->cost += cost;
        }
    }

    static void row(const std::string& name, const totals& of) {
        std::cout << "  " << std::left << std::setw(10) << name << std::right << std::setw(9) << of.requests << std::setw(9) << of.prompt
                  << std::setw(12) << of.completion << "   $" << usage::usd_string(of.cost) << '\n';
    }

    void conclude() {
        std::cout << "\n  upstream   requests   prompt  completion   cost\n";
        for (const auto& [name, sum] : by_upstream_) row(name, sum);
        row("together", all_);
    }

    /// The providers' own books must say what the client saw.
    void check_books() {
        std::int64_t prompt = 0, completion = 0;
        std::vector<std::string> said;
        for (const auto* provider : {&stage_.north(), &stage_.south()})
            for (const auto& call : provider->calls()) {
                prompt += call.usage.prompt;
                completion += call.usage.completion;
                said.push_back(call.answered);
            }
        std::sort(said.begin(), said.end());
        std::sort(bodies_.begin(), bodies_.end());
        if (said != bodies_) faults_.push_back("the streams are not byte for byte what the providers sent");
        if (prompt != all_.prompt || completion != all_.completion) faults_.push_back("the tokens are not those in the providers' books");
        if (by_upstream_["north"].requests != 2 * by_upstream_["south"].requests) faults_.push_back("the weights 2:1 were not kept");
    }

    /// The sum of a metric's series; `lines` gets them as they stand.
    static double sum_of(const std::string& exposition, const std::string& name, std::string& lines) {
        std::istringstream in{exposition};
        double sum = 0;
        for (std::string line; std::getline(in, line);) {
            if (!line.starts_with(name + "{")) continue;
            const double value = std::strtod(line.c_str() + line.rfind(' '), nullptr);
            sum += value;
            if (value != 0) lines += "    " + line + '\n';
        }
        return sum;
    }

    void show_metrics() {
        std::string lines;
        bool agrees = false;
        // What a worker has just finished may reach its cells a moment after the client has the last byte.
        for (int i = 0; i < 40 && !agrees; ++i) {
            if (i != 0) std::this_thread::sleep_for(std::chrono::milliseconds{50});
            const auto got = admin_call(stage_.admin_address(), "/metrics");
            lines.clear();
            const double requests = sum_of(got.body, "weir_requests_total", lines);
            const double tokens = sum_of(got.body, "weir_tokens_total", lines);
            const double spend = sum_of(got.body, "weir_spend_usd_total", lines);
            agrees = requests == static_cast<double>(all_.requests) && tokens == static_cast<double>(all_.prompt + all_.completion) &&
                     std::abs(spend * 1e9 - static_cast<double>(all_.cost)) < 1.0;
        }
        std::cout << "\nThe same from http://" << stage_.admin_address() << "/metrics:\n\n" << lines;
        if (!agrees) faults_.push_back("the metrics do not agree with what the client saw");
    }

    static void where_next() {
        std::cout << "\nEverything came through: the same bytes, the same tokens, the same cents in every book.\n"
                  << "Next: write conf/weir.yaml (README.md begins with five lines), then\n"
                  << "    weir check -c conf/weir.yaml\n"
                  << "    weir serve -c conf/weir.yaml\n"
                  << "and look at /metrics and /status on the admin address (127.0.0.1:9464).\n";
    }

    demo_stage stage_;
    std::map<std::string, totals> by_upstream_;
    totals all_;
    std::vector<std::string> bodies_;
    std::vector<std::string> faults_;
};

}  // namespace

void add_demo(command_list& all) {
    auto command = all.add("demo", "show a gateway at work between a client and pretend providers");
    const auto fast = std::make_shared<bool>(false);
    command.flag("--fast", *fast, "without the pauses of a real model");
    command.footer("Needs no network and no key; leaves nothing behind.\nExample:\n  weir demo");
    command.runs([fast] { return demo{*fast}.run(); });
}

}  // namespace weir::cli
