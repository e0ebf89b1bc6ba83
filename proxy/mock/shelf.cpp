// One function per kind of thing kept.
#include "mock/shelf.hpp"

#include "mock/voice.hpp"

namespace weir::mock {
namespace {

constexpr std::int64_t then = 1700000000;  // a time of creation like any other

answer json_answer(const json::value& what) {
    answer out;
    out.events.push_back({.bytes = json::serialize(what)});
    return out;
}

answer refusal(int status, std::string_view message) {
    auto out = json_answer(chat_voice().error(status, message));
    out.status = status;
    return out;
}

answer not_found(std::string_view what, std::string_view id) { return refusal(404, "No such " + std::string{what} + ": " + std::string{id}); }

template <class Kept, class Show>
answer list_of(const std::map<std::string, Kept>& kept, Show show) {
    json::array data;
    for (const auto& [id, each] : kept) data.push_back(show(each));
    json::object out = {{"object", "list"}, {"data", data}, {"has_more", false}};
    out["first_id"] = kept.empty() ? json::value{} : json::value(kept.begin()->first);
    out["last_id"] = kept.empty() ? json::value{} : json::value(kept.rbegin()->first);
    return json_answer(out);
}

/// What stands after `prefix` in a path below it, "" for the prefix itself; none for another path.
std::optional<std::string_view> below(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return std::nullopt;
    path.remove_prefix(prefix.size());
    if (path.empty()) return path;
    if (path.front() != '/') return std::nullopt;
    path.remove_prefix(1);
    return path;
}

/// One line of a batch's input, answered as the endpoint would have.
json::value batch_line(std::string_view line, std::uint64_t number) {
    json::error_code failed;
    const auto task = json::parse(line, failed);
    json::object out = {
        {"id", "batch_req_" + std::to_string(number)}, {"custom_id", string_member(task, "custom_id")}, {"response", nullptr}, {"error", nullptr}};
    const auto* body = failed ? nullptr : member(task, "body");
    const auto url = string_member(task, "url");
    if (body == nullptr || url.empty()) {
        out["error"] = {{"code", "invalid_request"}, {"message", "a line needs custom_id, method, url and body"}};
        return out;
    }
    const auto text = json::serialize(*body);
    const auto said = weir::mock::answer_to({"POST", url, "application/json", text}, {}, {}, number);
    json::value document = said.events.empty() ? json::value{} : json::parse(said.events.front().bytes, failed);
    out["response"] = {{"status_code", said.status}, {"request_id", "req_mock" + std::to_string(number)}, {"body", std::move(document)}};
    return out;
}

}  // namespace

std::optional<answer> shelf::answer_to(const asked& request, std::uint64_t serial) {
    const auto path = endpoint_of(request.target);
    const std::lock_guard lock{mutex_};
    if (const auto rest = below(path, "/files")) return files(request, *rest, serial);
    if (const auto rest = below(path, "/batches")) return batches(request, *rest, serial);
    if (const auto rest = below(path, "/videos")) return videos(request, *rest, serial);
    if (const auto rest = below(path, "/messages/batches")) return message_batches(request, *rest, serial);
    const auto rest = below(path, "/responses");
    if (!rest || rest->empty() || (request.method == "POST" && !rest->ends_with("/cancel"))) return std::nullopt;
    return responses(request, *rest);
}

const shelf::file& shelf::keep_file(const std::string& id, std::string name, std::string purpose, std::string content) {
    file kept;
    kept.about = {{"id", id},
                  {"object", "file"},
                  {"bytes", content.size()},
                  {"created_at", then},
                  {"filename", std::move(name)},
                  {"purpose", std::move(purpose)},
                  {"status", "processed"},
                  {"status_details", nullptr}};
    kept.content = std::move(content);
    return files_[id] = std::move(kept);
}

answer shelf::upload(const asked& request, std::uint64_t serial) {
    const request_body form{request};
    if (!form.is_form() || form.file_name("file").empty() || form.text("purpose").empty())
        return refusal(400, "send multipart/form-data with purpose and file");
    return json_answer(
        keep_file("file-mock" + std::to_string(serial), form.file_name("file"), form.text("purpose"), std::string{form.file("file")}).about);
}

answer shelf::files(const asked& request, std::string_view rest, std::uint64_t serial) {
    if (rest.empty() && request.method == "POST") return upload(request, serial);
    if (rest.empty()) return list_of(files_, [](const file& f) { return f.about; });
    const std::string id{rest.substr(0, rest.find('/'))};
    const auto found = files_.find(id);
    if (found == files_.end()) return not_found("File object", id);
    if (request.method == "DELETE") {
        files_.erase(found);
        return json_answer({{"id", id}, {"object", "file"}, {"deleted", true}});
    }
    if (!rest.ends_with("/content")) return json_answer(found->second.about);
    answer out;
    out.content_type = "application/octet-stream";
    out.events.push_back({.bytes = found->second.content});
    return out;
}

answer shelf::open_batch(const asked& request, std::uint64_t serial) {
    const request_body body{request};
    const auto input = body.text("input_file_id");
    if (!files_.contains(input)) return not_found("File object", input);
    const auto id = "batch_mock" + std::to_string(serial);
    json::object made = {{"id", id},
                         {"object", "batch"},
                         {"endpoint", body.text("endpoint")},
                         {"errors", nullptr},
                         {"input_file_id", input},
                         {"completion_window", body.text("completion_window")},
                         {"status", "validating"},
                         {"output_file_id", nullptr},
                         {"error_file_id", nullptr},
                         {"created_at", then},
                         {"request_counts", {{"total", 0}, {"completed", 0}, {"failed", 0}}},
                         {"metadata", nullptr}};
    if (const auto* notes = member(body.document(), "metadata")) made["metadata"] = *notes;
    return json_answer(batches_[id] = std::move(made));
}

/// Answers every line of the input file and keeps the answers as another file.
void shelf::finish(json::object& batch) {
    const auto found = files_.find(std::string{batch.at("input_file_id").as_string()});
    if (found == files_.end()) {
        batch["status"] = "failed";
        return;
    }
    std::string_view left = found->second.content;
    std::string lines;
    std::uint64_t total = 0, failed = 0;
    while (!left.empty()) {
        const auto line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(left.size(), line.size() + 1));
        if (line.empty()) continue;
        const auto done = batch_line(line, ++total);
        failed += done.at("error").is_null() ? 0 : 1;
        lines += json::serialize(done) + '\n';
    }
    const auto output = "file-output-" + std::string{batch.at("id").as_string()};
    keep_file(output, output + ".jsonl", "batch_output", std::move(lines));
    batch["output_file_id"] = output;
    batch["status"] = "completed";
    batch["completed_at"] = then + 60;
    batch["request_counts"] = {{"total", total}, {"completed", total - failed}, {"failed", failed}};
}

answer shelf::batches(const asked& request, std::string_view rest, std::uint64_t serial) {
    if (rest.empty() && request.method == "POST") return open_batch(request, serial);
    if (rest.empty()) return list_of(batches_, [](const json::object& b) { return b; });
    const std::string id{rest.substr(0, rest.find('/'))};
    const auto found = batches_.find(id);
    if (found == batches_.end()) return not_found("batch", id);
    auto& batch = found->second;
    const bool open = batch.at("status") == "validating";
    if (open && rest.ends_with("/cancel")) batch["status"] = "cancelling";
    if (open && request.method == "GET") finish(batch);
    return json_answer(batch);
}

const json::object& shelf::job::look() {
    if (now.at("status") == "queued" || now.at("status") == "in_progress") {
        ++looks;
        if (looks > 1)
            now = done;
        else
            now["status"] = "in_progress";
    }
    return now;
}

void shelf::remember(const asked& request, answer& said) {
    if (request.method != "POST" || endpoint_of(request.target) != "/responses" || said.events.empty()) return;
    std::string_view text = said.events.back().bytes;
    if (said.stream) text = text.substr(std::min(text.find("data: "), text.size() - 6) + 6);
    json::error_code failed;
    auto document = json::parse(text, failed);
    if (said.stream)
        if (const auto* inside = member(document, "response")) document = *inside;
    const auto id = string_member(document, "id");
    if (failed || id.empty()) return;
    const std::lock_guard lock{mutex_};
    job& kept = responses_[id];
    kept.now = kept.done = document.as_object();
    if (said.stream || !request_body{request}.flag("background")) return;
    kept.now["status"] = "queued";
    kept.now["output"] = json::array{};
    kept.now["usage"] = nullptr;
    kept.now["background"] = kept.done["background"] = true;
    said.usage = {};
    said.events.back().bytes = json::serialize(kept.now);
}

answer shelf::responses(const asked& request, std::string_view rest) {
    const std::string id{rest.substr(0, rest.find('/'))};
    const auto found = responses_.find(id);
    if (found == responses_.end()) return not_found("response", id);
    if (request.method == "DELETE") {
        responses_.erase(found);
        return json_answer({{"id", id}, {"object", "response"}, {"deleted", true}});
    }
    if (rest.ends_with("/input_items")) return json_answer({{"object", "list"}, {"data", json::array{}}, {"has_more", false}});
    auto& kept = found->second;
    if (request.target.find("stream=true") != std::string_view::npos) {
        kept.now = kept.done;
        answer out;
        out.stream = true;
        out.content_type = "text/event-stream";
        const json::object data{{"type", "response.completed"}, {"response", kept.now}};
        out.events.push_back({.bytes = "event: response.completed\ndata: " + json::serialize(data) + "\n\n", .terminator = true});
        return out;
    }
    if (rest.ends_with("/cancel")) {
        if (kept.now.at("status") != "completed") kept.now["status"] = "cancelled";
        return json_answer(kept.now);
    }
    return json_answer(kept.look());
}

answer shelf::videos(const asked& request, std::string_view rest, std::uint64_t serial) {
    if (request.method == "POST" && (rest.empty() || rest.ends_with("/remix"))) {
        const auto id = "video_mock" + std::to_string(serial);
        json::object made = {{"id", id},           {"object", "video"}, {"created_at", then},
                             {"status", "queued"}, {"progress", 0},     {"model", model_of(request)}};
        job& kept = videos_[id];
        kept.now = kept.done = std::move(made);
        kept.done["status"] = "completed";
        kept.done["progress"] = 100;
        return json_answer(kept.now);
    }
    if (rest.empty()) return list_of(videos_, [](const job& v) { return v.now; });
    const std::string id{rest.substr(0, rest.find('/'))};
    const auto found = videos_.find(id);
    if (found == videos_.end()) return not_found("video", id);
    if (request.method == "DELETE") {
        videos_.erase(found);
        return json_answer({{"id", id}, {"object", "video.deleted"}, {"deleted", true}});
    }
    if (!rest.ends_with("/content")) return json_answer(found->second.look());
    answer out;
    out.content_type = "video/mp4";
    out.events.push_back({.bytes = "no film, but bytes"});
    return out;
}

/// Answers every request of a batch at once and hands the answers out, one a line.
answer shelf::message_batches(const asked& request, std::string_view rest, std::uint64_t serial) {
    if (rest.empty() && request.method == "POST") {
        const request_body body{request};
        const auto* requests = member(body.document(), "requests");
        if (requests == nullptr || !requests->is_array()) return refusal(400, "requests: a list is needed");
        const auto id = "msgbatch_mock" + std::to_string(serial);
        auto& kept = message_batches_[id];
        kept.about = {{"id", id}, {"type", "message_batch"}, {"processing_status", "in_progress"}, {"results_url", nullptr}};
        for (const auto& each : requests->as_array()) {
            const auto* params = member(each, "params");
            const auto text = json::serialize(params == nullptr ? json::value{} : *params);
            const auto said = weir::mock::answer_to({"POST", "/v1/messages", "application/json", text}, {}, {}, serial);
            json::error_code failed;
            json::value message = said.events.empty() ? json::value{} : json::parse(said.events.front().bytes, failed);
            const json::object result = {{"type", "succeeded"}, {"message", std::move(message)}};
            kept.results += json::serialize(json::object{{"custom_id", string_member(each, "custom_id")}, {"result", result}}) + '\n';
        }
        return json_answer(kept.about);
    }
    if (rest.empty()) return list_of(message_batches_, [](const message_batch& b) { return b.about; });
    const std::string id{rest.substr(0, rest.find('/'))};
    const auto found = message_batches_.find(id);
    if (found == message_batches_.end()) return not_found("message batch", id);
    auto& batch = found->second;
    if (rest.ends_with("/results")) {
        answer out;
        out.content_type = "application/x-jsonl";
        out.events.push_back({.bytes = batch.results});
        return out;
    }
    batch.about["processing_status"] = "ended";
    return json_answer(batch.about);
}

}  // namespace weir::mock
