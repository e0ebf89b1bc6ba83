// What a failed connection means in words.
#include <algorithm>

#include "probe/doctor.hpp"

namespace weir::probe {
namespace {

std::string place(const config::upstream_conf& up) {
    return (up.host.find(':') == std::string::npos ? up.host : "[" + up.host + "]") + ":" + up.port;
}

std::string why_tls(const std::string& detail, const config::upstream_conf& up) {
    const auto says = [&](std::string_view words) { return detail.find(words) != std::string::npos; };
    const std::string what = "TLS: " + detail + "; ";
    if (says("mismatch")) {
        const auto& expected = up.tls.server_name.empty() ? up.host : up.tls.server_name;
        return what + "its certificate does not name '" + expected + "': set tls.server_name to a name that it has";
    }
    if (says("expired")) return what + "the provider must renew its certificate (or this machine's clock is wrong)";
    if (says("not yet valid")) return what + "check this machine's clock";
    if (says("verify failed") || says("self-signed") || says("issuer certificate"))
        return what + (up.tls.ca.empty() ? "this machine does not trust its issuer: set tls.ca to the PEM file of the "
                                           "authority that signed it"
                                         : "tls.ca (" + up.tls.ca + ") is not the authority that signed it");
    if (says("wrong version number") || says("http request") || says("packet length too long"))
        return what + "no TLS is spoken at " + place(up) + ": start the url with http:// or correct its port";
    return what + "check the url's port and tls.server_name";
}

}  // namespace

std::string why_unanswered(const wire::call_answer& a, const config::upstream_conf& up, const wire::call_limits& limits) {
    using end = wire::call_answer::end;
    const bool plain = up.scheme == "http";
    const std::string perhaps_tls = plain ? "; if TLS is spoken there, start the url with https://" : "";
    switch (a.how) {
        case end::not_http: return "no HTTP answer (" + a.why + ")" + (plain ? perhaps_tls : "; check the url's port: something else answers there");
        case end::closed:
            return "the connection was closed without an answer" +
                   (plain ? perhaps_tls : "; check the url's port, and whether a client certificate is asked for");
        case end::timed_out:
            return "timeout: no whole answer within " + std::to_string(limits.total.count()) +
                   " ms; check that the url's port is the provider's and that nothing on the way holds requests back";
        default: break;
    }
    switch (a.dialled.why) {
        case net::dial_failure::name: return "unknown host '" + up.host + "'; check its spelling in the url and this machine's DNS";
        case net::dial_failure::tls: return why_tls(a.dialled.detail, up);
        case net::dial_failure::timeout:
            return "timeout: " + a.dialled.detail + " (" + std::to_string(std::min(limits.connect, limits.total).count()) +
                   " ms); check host and port of the url" + (plain ? "" : ", that TLS is spoken there") + ", and the firewall or proxy on the way";
        default: break;
    }
    std::string what = a.dialled.detail;
    if (!what.empty() && what[0] >= 'A' && what[0] <= 'Z') what[0] = static_cast<char>(what[0] - 'A' + 'a');
    return what + " at " + place(up) + "; check host and port of the url, and that the provider runs";
}

}  // namespace weir::probe
