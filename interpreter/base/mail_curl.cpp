// Hands a mail to the server with libcurl's SMTP.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <curl/curl.h>

#include "interpreter/base/curl_functions.h"
#include "interpreter/base/http_transfer.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/mail.h"

namespace perilune {

namespace {

constexpr double connect_s_max = 15;

struct Sending {
    std::string text;
    std::size_t at = 0;
};

std::size_t on_read(char* out, std::size_t, std::size_t room, void* held) {
    auto& sending = *static_cast<Sending*>(held);
    const std::size_t count = std::min(room, sending.text.size() - sending.at);
    sending.text.copy(out, count, sending.at);
    sending.at += count;
    return count;
}

using Handle = std::unique_ptr<CURL, decltype(curl_easy_cleanup)>;
using Texts = std::unique_ptr<curl_slist, decltype(curl_slist_free_all)>;

// What the end of an exchange proves. The message counts once its last byte was handed over.
Status outcome(CURLcode code, long answer, const Sending& sending, const std::string& detail) {
    if (code == CURLE_OK) return Done{};
    const std::string why = detail.empty() ? curl_easy_strerror(code) : detail;
    if (code == CURLE_LOGIN_DENIED)
        return fail("credentials_refused", "The mail server refuses the user or password: " + why +
                                               ". Check them, and whether it wants an app's own.");
    if (code == CURLE_USE_SSL_FAILED)
        return fail("tls_failed", "The mail server offers no TLS: " + why +
                                      ". Nothing was sent. Use its TLS port, or set tls: none.");
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return fail("tls_failed", "The mail server's certificate is not accepted: " + why +
                                      ". Nothing was sent.");
    const std::string message = "The mail server did not take the message: " + why + ".";
    if (answer >= 500 && answer < 600) return fail("refused", message);
    if (answer >= 400) return fail("refused", message, Retry::safe);
    const bool whole = !sending.text.empty() && sending.at == sending.text.size();
    return fail("mail_failed", message, whole ? Retry::unknown : Retry::safe);
}

// How the server is reached, and who we are there.
void address_to(CURL* curl, const MailServer& server, double deadline_s) {
    const double left_s = std::max(0.001, deadline_s - boot_now_s());
    const auto milliseconds = [](double seconds) {
        return static_cast<long>(std::ceil(seconds * 1000));
    };
    curl_easy_setopt(curl, CURLOPT_URL, server.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     static_cast<long>(server.needs_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(left_s));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     milliseconds(std::min(left_s, connect_s_max)));
    if (!server.user.empty()) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, server.user.c_str());
        curl_easy_setopt(curl, CURLOPT_PASSWORD, server.password.c_str());
    }
    if (!server.certificate_authority.empty())
        curl_easy_setopt(curl, CURLOPT_CAINFO, server.certificate_authority.c_str());
}

}  // namespace

Status try_mail_server(const MailServer& server, double deadline_s) {
    init_curl();
    const Handle curl(curl_easy_init(), curl_easy_cleanup);
    std::array<char, CURL_ERROR_SIZE> detail{};
    address_to(curl.get(), server, deadline_s);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail.data());
    curl_easy_setopt(curl.get(), CURLOPT_CONNECT_ONLY, 1L);
    const CURLcode code = curl_easy_perform(curl.get());
    long answer = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
    return outcome(code, answer, {}, detail.data());
}

Status send_mail(const MailServer& server, const Mail& mail, double deadline_s) {
    init_curl();
    const Handle curl(curl_easy_init(), curl_easy_cleanup);
    Sending sending{mail_text(mail, wall_now_s())};
    Texts receivers(nullptr, curl_slist_free_all);
    for (const auto& receiver : mail.to)
        receivers.reset(
            curl_slist_append(receivers.release(), ("<" + mail_address(receiver) + ">").c_str()));
    const std::string from = "<" + mail_address(mail.from) + ">";
    std::array<char, CURL_ERROR_SIZE> detail{};
    address_to(curl.get(), server, deadline_s);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail.data());
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, receivers.get());
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &sending);
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    const CURLcode code = curl_easy_perform(curl.get());
    long answer = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
    return outcome(code, answer, sending, detail.data());
}

}  // namespace perilune
