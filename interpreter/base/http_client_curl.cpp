// The HTTP client: libcurl's multi interface driven by the host's loop.
#include "interpreter/base/http_client.h"

#include <csignal>
#include <unordered_map>

#include <curl/curl.h>

#include "interpreter/base/curl_functions.h"
#include "interpreter/base/http_transfer.h"
#include "interpreter/base/http_url.h"

namespace perilune {

namespace {

constexpr double default_deadline_s = 30;

using TransferPointer = std::shared_ptr<HttpTransfer>;

class CurlClient final : public HttpClient {
public:
    explicit CurlClient(Loop& loop) : loop_(loop) {}

    // The exchanges under way are dropped; their coroutines are never resumed.
    ~CurlClient() override {
        while (!transfers_.empty()) release(transfers_.begin()->second);
        if (multi_) curl_multi_cleanup(multi_);
        loop_.cancel(timer_);
        for (const auto& [fd, watched] : watched_) stop_watching(watched);
    }

    Awaitable<Result<HttpAnswer>> send(HttpRequest request,
                                       std::shared_ptr<Cancel> cancel) override {
        if (const auto sane = check_url(request.url); !sane) co_return sane.error();
        for (const auto& [name, value] : request.headers)
            if (const auto sane = check_header(name, value); !sane) co_return sane.error();
        const auto transfer = std::make_shared<HttpTransfer>();
        transfer->request = std::move(request);
        transfer->cancel = cancel ? std::move(cancel) : std::make_shared<Cancel>();
        if (transfer->request.deadline_s == 0)
            transfer->request.deadline_s = boot_now_s() + default_deadline_s;
        Leaf<bool> leaf([this, transfer](Leaf<bool>::Resume resume) {
            transfer->resume = std::move(resume);
            start(transfer);
        });
        co_await leaf;
        if (transfer->failed) co_return *transfer->failed;
        co_return std::move(transfer->answer);
    }

private:
    struct Watched {
        Loop::Id reading = 0;
        Loop::Id writing = 0;
    };

    // At the first exchange: a run without any does not pay for what TLS reads and sets up.
    void set_up() {
        init_curl();
        multi_ = curl_multi_init();
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
    }

    void start(const TransferPointer& transfer) {
        if (!multi_) set_up();
        set_up_transfer(*transfer);
        transfers_.emplace(transfer->easy, transfer);
        transfer->deadline = loop_.start_timer(transfer->request.deadline_s, [this, transfer] {
            stop_early(transfer, FailureKind::timed_out);
        });
        // A stop may be asked for from anywhere, so it is looked at in a turn of its own.
        const std::weak_ptr<bool> alive = alive_;
        transfer->cancel->on_ask([this, alive, transfer] {
            loop_.post([this, alive, transfer] {
                if (!alive.expired()) stop_early(transfer, FailureKind::cancelled);
            });
        });
        if (transfer->cancel->asked() || boot_now_s() >= transfer->request.deadline_s) return;
        curl_multi_add_handle(multi_, transfer->easy);
    }

    void stop_early(const TransferPointer& transfer, FailureKind kind) {
        if (transfers_.contains(transfer->easy)) finish(transfer, kind);
    }

    void finish(const TransferPointer& transfer, std::optional<FailureKind> failure) {
        read_answer(*transfer);
        if (failure) transfer->failed = explain_failure(*failure, *transfer);
        release(transfer);
        loop_.post([transfer] { transfer->resume(true); });
    }

    // Takes the exchange from curl and the loop. `transfer` is by value: the map's own goes.
    void release(TransferPointer transfer) {
        transfer->cancel->forget();
        loop_.cancel(transfer->deadline);
        transfers_.erase(transfer->easy);
        curl_multi_remove_handle(multi_, transfer->easy);
        curl_easy_cleanup(transfer->easy);
        curl_slist_free_all(transfer->headers);
    }

    void drive(curl_socket_t fd, int ready) {
        int running = 0;
        curl_multi_socket_action(multi_, fd, ready, &running);
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            const TransferPointer transfer = transfers_.at(message->easy_handle);
            finish(transfer, failure_kind(code, *transfer));
        }
    }

    static int on_timer(CURLM*, long timeout_ms, void* held) {
        auto& client = *static_cast<CurlClient*>(held);
        client.loop_.cancel(std::exchange(client.timer_, 0));
        if (timeout_ms < 0) return 0;
        client.timer_ =
            client.loop_.start_timer(boot_now_s() + static_cast<double>(timeout_ms) * 1e-3,
                                     [&client] { client.drive(CURL_SOCKET_TIMEOUT, 0); });
        return 0;
    }

    static int on_socket(CURL*, curl_socket_t fd, int what, void* held, void*) {
        auto& client = *static_cast<CurlClient*>(held);
        if (what == CURL_POLL_REMOVE) {
            client.stop_watching(client.watched_[fd]);
            client.watched_.erase(fd);
            return 0;
        }
        Watched& watched = client.watched_[fd];
        client.set_watch(watched.reading, (what & CURL_POLL_IN) != 0, fd, Ready::readable);
        client.set_watch(watched.writing, (what & CURL_POLL_OUT) != 0, fd, Ready::writable);
        return 0;
    }

    void set_watch(Loop::Id& id, bool wanted, curl_socket_t fd, Ready ready) {
        if (!wanted) loop_.cancel(std::exchange(id, 0));
        if (!wanted || id != 0) return;
        const int flag = ready == Ready::readable ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
        id = loop_.watch(fd, ready, [this, fd, flag] { drive(fd, flag); });
    }

    void stop_watching(const Watched& watched) {
        loop_.cancel(watched.reading);
        loop_.cancel(watched.writing);
    }

    Loop& loop_;
    CURLM* multi_ = nullptr;
    Loop::Id timer_ = 0;
    std::unordered_map<curl_socket_t, Watched> watched_;
    std::unordered_map<CURL*, TransferPointer> transfers_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::make(Loop& loop) {
    // A write of OpenSSL's to a connection that the peer has closed would end the host.
    std::signal(SIGPIPE, SIG_IGN);
    return std::make_unique<CurlClient>(loop);
}

}  // namespace perilune
