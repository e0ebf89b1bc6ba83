// `weir translate`: a request as an upstream of another dialect would get it, or what a provider answered as the client would get it, by the code
// that serves both. It sends nothing.
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "cli/command.hpp"
#include "cli/read_file.hpp"
#include "config/load.hpp"
#include "config/suggest.hpp"
#include "core/request_id.hpp"
#include "dialect/hub/spokes.hpp"
#include "dialect/json/json_index.hpp"
#include "dialect/read/answer.hpp"
#include "dialect/request.hpp"
#include "exchange/sent_request.hpp"
#include "exchange/translation/pass.hpp"
#include "exchange/translation/translated_answer.hpp"
#include "exchange/translation/translated_request.hpp"
#include "http/sse_scanner.hpp"

namespace weir::cli {
namespace {

namespace hub = dialect::hub;
namespace json = dialect::json;
using hub::spoke;

constexpr std::size_t padding = 64;  // what is read may look that far past its end
constexpr std::string_view nameless = "model";

struct translate_options {
    std::string from, to, request, answer, model, pool;
    conf_choice conf;
    bool stream = false;
};

int wrong(const std::string& what) {
    std::cerr << "weir: " << what << "\nsee: weir translate --help\n";
    return wrong_usage;
}

std::string or_meant(const std::string& text, const std::vector<std::string>& known) {
    const auto near = config::nearest(text, known);
    if (!near.empty()) return "; did you mean '" + near + "'?";
    std::string all;
    for (const auto& each : known) all += (all.empty() ? " (it knows " : ", ") + each;
    return all.empty() ? all : all + ")";
}

/// Nothing where it is none; that was said.
std::optional<spoke> dialect_of(const std::string& option, const std::string& word, std::size_t of_first) {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < of_first; ++i) known.emplace_back(hub::name_of(static_cast<spoke>(i)));
    if (const auto found = hub::spoke_named(word); found && static_cast<std::size_t>(*found) < of_first) return found;
    (void)wrong(word.empty() ? option + " is missing" + or_meant({}, known) : option + ": '" + word + "' is no dialect" + or_meant(word, known));
    return std::nullopt;
}

/// By which conf and pool is translated: the shipped table and nothing else where none is named.
class basis {
public:
    /// Anything but `fine` was said.
    int find(const translate_options& with) {
        there_.conf = &nobody_;
        if (with.conf.file.empty()) {
            auto made = std::make_shared<config::conf>();
            made->capabilities = std::make_shared<hub::capability_book>(config::shipped_capabilities());
            by_ = std::move(made);
            return with.pool.empty() ? fine : wrong("--pool " + with.pool + ": whose pool? Name the conf with -c FILE");
        }
        auto loaded = config::load(with.conf.source());
        if (!loaded.value) {
            for (const auto& fault : loaded.faults) std::cerr << config::to_string(fault) << '\n';
            return at_fault;
        }
        by_ = std::move(loaded.value);
        return with.pool.empty() ? fine : take_pool(with.pool);
    }

    [[nodiscard]] const config::conf& conf() const { return *by_; }
    [[nodiscard]] const config::pool_conf& pool() const { return *there_.conf; }
    [[nodiscard]] exchange::place at(std::string_view model) const { return {&there_, nullptr, model}; }

private:
    int take_pool(const std::string& name) {
        std::vector<std::string> known;
        for (const auto& each : by_->pools) {
            if (each.name == name) there_.conf = &each;
            known.push_back(each.name);
        }
        return there_.conf == &nobody_ ? wrong("--pool: the conf has no pool '" + name + "'" + or_meant(name, known)) : fine;
    }

    std::shared_ptr<const config::conf> by_;
    config::pool_conf nobody_;
    pools::pool_runtime there_;
};

/// A file's text, followed by what may be read past it.
class padded {
public:
    explicit padded(std::string text) : size_(text.size()), text_(std::move(text)) { text_.append(padding, '\0'); }
    [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

private:
    std::size_t size_;
    std::string text_;
};

/// Nothing where it cannot be read or has nothing; that was said.
std::optional<std::string> text_of(const std::string& file) {
    auto text = read_file(file);
    if (!text) {
        std::cerr << "weir: " << file << ": " << std::strerror(errno) << '\n';
        return std::nullopt;
    }
    if (text->find_first_not_of(" \t\r\n") != std::string::npos) return text;
    std::cerr << "weir: " << file << ": it is empty\n";
    return std::nullopt;
}

class translation {
public:
    translation(const translate_options& with, const basis& by, spoke from, spoke to) : with_(with), by_(by), from_(from), to_(to) {}

    int request(std::string text) const {
        exchange::asked what;
        what.target = hub::target_of(from_, with_.stream, nameless);
        const padded body{std::move(text)};
        if (const auto why = dialect::inspect(what.target.id, body.view().data(), body.view().size(), what.facts)) return refused(why);
        if (from_ == to_) return as_it_is(what, body.view());
        what.facts.stream = what.facts.stream || with_.stream;
        what.method = exchange::asked::verb::posts;
        const auto& pool = by_.pool();
        const auto model = !with_.model.empty() ? with_.model : !what.facts.model.empty() ? what.facts.model : std::string{nameless};
        if (!with_.pool.empty() && !served_so(what, model)) return at_fault;
        const exchange::translated_request made{how(),         what,       body.view(),
                                                by_.at(model), by_.conf(), {exchange::is_collected(pool, what.target, what.facts), 0}};
        say("dropped", made.said().dropped);
        say("changed", made.said().changed);
        if (made.refused()) return refused(made.refused());
        std::cout << made.body() << '\n';
        return fine;
    }

    int answer(std::string text) const {
        if (from_ == to_) return std::cout << text, fine;
        if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // may open a stream
        const auto first = text[text.find_first_not_of(" \t\r\n")];
        if (first == '{') return document(padded{text});
        if (first == '[' && to_ == spoke::gemini) return stream(padded{as_events(text)});
        for (const auto* name : {"data:", "event:", "id:", "retry:", ":"})
            if (text.starts_with(name)) return stream(padded{text});
        return none("neither a JSON document nor a stream of events");
    }

private:
    static int refused(const core::error& why) {
        std::cerr << "refused: " << why.message << '\n';
        return at_fault;
    }

    /// Whether the pool that was named serves the request in any way; that it does so in another is said.
    [[nodiscard]] bool served_so(const exchange::asked& what, std::string_view model) const {
        const auto& pool = by_.pool();
        const auto would = exchange::service_of(by_.at(model), what, what.facts, by_.conf());
        if (would.is == exchange::service::as::refused) return refused(exchange::not_served(pool, what)), false;
        const bool native = would.is == exchange::service::as::native;
        if (native || would.to != to_)
            std::cerr << "weir: the pool '" << pool.name << "' would be sent this request " << (native ? "as it came" : "as ")
                      << (native ? std::string_view{} : hub::name_of(would.to)) << '\n';
        return true;
    }

    /// One line for each field of a list.
    static void say(std::string_view what, std::string_view fields) {
        while (!fields.empty()) {
            const auto end = std::min(fields.find(", "), fields.size());
            std::cerr << what << ": " << fields.substr(0, end) << '\n';
            fields.remove_prefix(std::min(fields.size(), end + 2));
        }
    }

    int none(const std::string& why) const {
        std::cerr << "weir: " << with_.answer << ": it is no answer of " << hub::name_of(to_) << ": " << why << '\n';
        return at_fault;
    }

    [[nodiscard]] exchange::service how() const { return {exchange::service::as::translated, exchange::service::matter::conversation, from_, to_}; }

    /// Nothing is translated: only what was asked for is changed, in place.
    int as_it_is(const exchange::asked& what, std::string_view body) const {
        dialect::wishes wish;
        if (with_.model != what.facts.model) wish.model = with_.model;
        wish.stream = with_.stream;
        std::size_t at = 0;
        for (const auto& edit : dialect::plan_edits(what.target.id, what.facts, wish)) {
            std::cout << body.substr(at, edit.at.begin - at) << edit.with;
            at = edit.at.end;
        }
        std::cout << body.substr(at);
        if (!body.ends_with('\n')) std::cout << '\n';
        return fine;
    }

    [[nodiscard]] exchange::translated_answer answer_for(const std::string& served, bool streams) const {
        core::fast_random random{1};  // the same answer becomes the same bytes
        hub::answer_names names;
        names.id = exchange::minted_id(from_, random);
        names.model = !with_.model.empty() ? std::string_view{with_.model} : !served.empty() ? std::string_view{served} : nameless;
        names.created = std::chrono::duration_cast<std::chrono::seconds>(core::wall_clock::now().time_since_epoch()).count();
        names.include_usage = true;
        names.show_reasoning = by_.pool().translation.shows != config::translation_conf::reasoning::off;
        return {how(), {}, std::move(names), streams};
    }

    static json::fault fault_in(std::string_view text) {
        json::index where;
        if (const auto why = where.build(text); why != json::fault::none) return why;
        json::cursor at{where};
        if (!at.skip()) return at.why();
        return at.at_end() ? json::fault::none : json::fault::trailing;
    }

    int document(const padded& text) const {
        if (const auto why = fault_in(text.view()); why != json::fault::none) return none("it " + std::string{json::words_of(why)});
        const auto facts = dialect::read_unary(hub::endpoint_of(to_, false), text.view().data(), text.view().size());
        auto made = answer_for(facts.served_model, with_.stream);
        if (!made.take_document(text.view())) {
            if (!facts.error) return none("the document has nothing of what such answers have");
            (void)made.take_error({500, facts.error_code, facts.error_message}, {});
        }
        std::cout << made.passing();
        if (!made.streams()) std::cout << '\n';
        return fine;
    }

    /// Without alt=sse a stream of Gemini's is one array, and its elements are what else are events.
    static std::string as_events(const std::string& array) {
        json::index where;
        std::string out;
        if (where.build(array) != json::fault::none) return out;
        json::cursor at{where};
        at.elements([&](json::cursor& each) {
            const auto begin = each.offset();
            if (!each.skip()) return;
            out += "data: ";
            for (const char c : each.since(begin))
                if (c != '\n' && c != '\r') out += c;
            out += "\n\n";
        });
        return out;
    }

    /// What comes behind the last blank line is an event too: who copies a stream easily loses that line.
    static std::vector<std::string_view> events_in(std::string_view stream) {
        std::vector<std::string_view> out;
        http::sse_scanner scanner;
        while (const std::size_t size = scanner.find(stream)) {
            out.push_back(stream.substr(0, size));
            stream.remove_prefix(size);
        }
        if (!stream.empty()) out.push_back(stream);
        return out;
    }

    int stream(const padded& text) const {
        dialect::stream_reader reader{hub::endpoint_of(to_, true)};
        auto events = events_in(text.view());
        bool says = false, failed = false;
        std::size_t taken = 0;
        while (taken < events.size() && !failed && !reader.terminated()) {
            const auto facts = reader.read(events[taken++]);
            says = says || facts.content || facts.finish || facts.terminator || facts.error;
            failed = facts.error;
        }
        if (!says) return none("none of its events (" + std::to_string(events.size()) + ") is one of such an answer's");
        auto made = answer_for(reader.served_model(), true);
        for (std::size_t i = 0; i < taken; ++i) made.take(events[i]);
        const bool whole = reader.terminated() || reader.finished();
        if (whole && !failed) made.finish();
        if (!whole && !failed) made.break_off({core::code::stream_interrupted, "the upstream's answer broke off"});
        std::cout << made.passing();
        if (whole || failed) return fine;
        std::cerr << "weir: " << with_.answer << ": the answer breaks off\n";
        return at_fault;
    }

    const translate_options& with_;
    const basis& by_;
    spoke from_, to_;
};

int translate(const translate_options& with) {
    const auto from = dialect_of("--from", with.from, hub::spokes);
    if (!from) return wrong_usage;
    const auto to = dialect_of("--to", with.to, hub::upstream_spokes);
    if (!to) return wrong_usage;
    if (with.request.empty() == with.answer.empty()) return wrong("either a request's file is due, or --answer FILE");
    basis by;
    if (const int code = by.find(with); code != fine) return code;
    auto text = text_of(with.request.empty() ? with.answer : with.request);
    if (!text) return at_fault;
    const translation work{with, by, *from, *to};
    return with.request.empty() ? work.answer(std::move(*text)) : work.request(std::move(*text));
}

}  // namespace

void add_translate(command_list& all) {
    auto command = all.add("translate", "print a request as another dialect has it, or what was answered as the client gets it");
    const auto with = std::make_shared<translate_options>();
    command.optional_argument("FILE", with->request, "the body of a request in --from's dialect; - for standard input");
    command.option("--from", with->from, "what the client speaks: chat, responses, messages, gemini or completions", "DIALECT");
    command.option("--to", with->to, "what the upstream speaks: the same, but for completions", "DIALECT");
    command.option("--answer", with->answer, "an answer in --to's dialect, a JSON document or a stream of events; it is translated back", "FILE");
    command.option("--model", with->model, "what the upstream calls the model; of an answer what the client calls it", "NAME");
    command.flag("--stream", with->stream, "a stream is asked for, also where the body cannot say so");
    command.option("-c,--conf", with->conf.file, "a conf file: what it says of models; default: the table that weir was built with", "FILE");
    command.option("--env-file", with->conf.env_file, "variables of the conf; default: weir.env beside it", "FILE");
    command.option("--pool", with->pool, "by the settings of this pool of the conf", "NAME");
    command.footer(
        "Sends nothing. What would be dropped, changed or refused is said on standard error. Exit code 1 when the request would be "
        "refused.\nExample:\n  weir translate --from messages --to chat request.json\n  weir translate --from messages --to chat --answer "
        "answer.sse");
    command.runs([with] { return translate(*with); });
}

}  // namespace weir::cli
