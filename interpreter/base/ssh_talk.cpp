#include "interpreter/base/ssh_talk.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr std::size_t heard_bytes_max = 1 << 16;

// Our end of ssh's standard input, and what is read on the way. Callbacks hold it.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(Loop& loop, SshScript script, Descriptor input)
        : loop_(loop), script_(std::move(script)), input_(std::move(input)) {
        waiting_ = std::to_string(script_.text.size()) + "\n" + script_.text;
    }

    const std::string& nonce() const { return nonce_; }
    const std::shared_ptr<Cancel>& give_up() const { return give_up_; }
    // Whether all of the script has left; what is cut off is not executed.
    bool left() const { return left_; }
    // Whether the shell at the other end was there.
    bool ready() const { return ready_; }

    void start_clock(double login_s) {
        timer_ = loop_.start_timer(std::min(script_.until_s, boot_now_s() + login_s),
                                   [self = shared_from_this()] { self->give_up_->ask(); });
    }

    // A stop: before the script has left there is nothing to stop.
    void stop() {
        if (!ready_ || script_.on_stop == OnStop::leave) return give_up_->ask();
        waiting_ += "stop\n";
        write();
    }

    // ssh's own words come here, too; between two of them a line of the script may be lost, which
    // costs a line on the screen, or, before "ready", a session that is given up.
    void hear(std::string_view piece) {
        heard_.append(piece);
        for (auto end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
            const std::string line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            if (line == "perilune " + nonce_ + " ready") begin();
            const std::string said = "perilune " + nonce_ + " said64 ";
            if (line.starts_with(said) && script_.said)
                if (const auto text = from_base64(line.substr(said.size()))) script_.said(*text);
        }
        if (heard_.size() > heard_bytes_max) heard_.clear();
    }

    void end() {
        loop_.cancel(timer_);
        loop_.cancel(std::exchange(watch_, 0));
        input_.close();
    }

private:
    void begin() {
        if (ready_) return;
        ready_ = true;
        loop_.cancel(timer_);
        write();
    }

    void write() {
        while (!waiting_.empty() && input_.open()) {
            const auto count =
                ::send(input_.get(), waiting_.data(), waiting_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) break;
            if (count < 0) return input_.close();
            waiting_.erase(0, static_cast<std::size_t>(count));
        }
        if (waiting_.empty()) left_ = true;
        if (waiting_.empty() && watch_ != 0) loop_.cancel(std::exchange(watch_, 0));
        if (!waiting_.empty() && input_.open() && watch_ == 0)
            watch_ = loop_.watch(input_.get(), Ready::writable,
                                 [self = shared_from_this()] { self->write(); });
    }

    Loop& loop_;
    SshScript script_;
    Descriptor input_;
    std::string nonce_ = to_hex(random_bytes(8));
    std::shared_ptr<Cancel> give_up_ = std::make_shared<Cancel>();
    std::string waiting_;  // Not sent yet.
    std::string heard_;
    Loop::Id timer_ = 0;
    Loop::Id watch_ = 0;
    bool ready_ = false;
    bool left_ = false;
};

SshAnswer read_answer(const std::string& output, const std::string& nonce) {
    SshAnswer answer;
    const std::string mark = "perilune " + nonce + " ";
    std::size_t begin = 0;
    while (begin < output.size()) {
        const auto end = std::min(output.find('\n', begin), output.size());
        std::string_view line = std::string_view(output).substr(begin, end - begin);
        begin = end + 1;
        if (!line.starts_with(mark)) continue;
        line.remove_prefix(mark.size());
        const auto blank = std::min(line.find(' '), line.size());
        const std::string name(line.substr(0, blank));
        line.remove_prefix(std::min(blank + 1, line.size()));
        if (!name.ends_with("64")) {
            answer.words.insert_or_assign(name, line);
        } else if (auto text = from_base64(line)) {
            answer.words.insert_or_assign(name.substr(0, name.size() - 2), std::move(*text));
        }
    }
    return answer;
}

Error lost(const SshHost& host, const Ended& ended) {
    std::string message = "The ssh session to " + host.show() +
                          " was lost after the command had been sent: it may go on there. ";
    message += ended.stopped
                   ? "The host stopped answering."
                   : "ssh ended with exit code " + std::to_string(ended.exit_code) +
                         " and said: " + (ended.errors.empty() ? "nothing." : ended.errors);
    return fail("session_lost", message, Retry::unknown);
}

// One session over one connection.
struct Attempt {
    SshAnswer answer;
    bool began = false;  // The other end was ready for the script.
};

Awaitable<Attempt> attempt(const SshLine& line, SshScript script, Call& call, std::string socket) {
    Attempt made;
    SshAnswer& answer = made.answer;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        answer.error =
            fail("not_started", std::string("Starting ssh failed: ") + std::strerror(errno) + ".",
                 Retry::safe);
        co_return made;
    }
    Descriptor ours(ends[0]);
    const auto theirs = std::make_shared<Descriptor>(ends[1]);
    const double until_s = script.until_s;
    const std::size_t answer_max = script.answer_max;
    const auto session = std::make_shared<Session>(line.loop, std::move(script), std::move(ours));
    // Opening the key may wait for its provider.
    const std::function<Result<Program>()> making = [&] {
        return ssh_program(line.host, ssh_bootstrap(session->nonce()), theirs->get(), call, socket);
    };
    auto program = co_await off_loop(line.loop, making);
    if (!program) {
        answer.error = program.error();
        answer.error.retry = Retry::safe;
        co_return made;
    }
    program->output_max = answer_max;
    program->on_start = [theirs](int) { theirs->close(); };
    program->on_output = [session](std::string_view piece) { session->hear(piece); };
    // Over a connection that stands there is no handshake to wait for.
    session->start_clock(line.host.connect_within_s + (socket.empty() ? ssh_login_within_s : 0));
    call.cancel->on_ask([session] { session->stop(); });
    const Ended ended =
        co_await run_program(line.loop, std::move(*program), session->give_up(), until_s);
    call.cancel->forget();
    session->end();
    answer = read_answer(ended.output, session->nonce());
    answer.ok = answer.has("done");
    made.began = session->ready();
    if (answer.has("refused"))
        answer.error = fail(answer["refused"], "On " + line.host.show() + ": " + answer["message"],
                            Retry::safe);
    else if (!session->left())
        answer.error = ssh_refusal(line.host, ended);
    else if (!answer.ok)
        answer.error = lost(line.host, ended);
    co_return made;
}

}  // namespace

// Nothing of the login's environment reaches a program, and LC_ALL=C makes a length mean bytes.
std::string ssh_bootstrap(const std::string& nonce) {
    return "exec env -i PATH=/usr/bin:/bin LC_ALL=C /bin/sh -c " +
           quote_word(
               R"(t=$(date +%s); printf "\nperilune %s ready\n" "$1"; IFS= read -r n || exit 9; )"
               R"(p=$(head -c "$n"; printf x); [ ${#p} -eq $((n+1)) ] || exit 9; eval "${p%x}")") +
           " perilune " + quote_word(nonce);
}

const char* const ssh_talk_functions = R"SH(
reply() { printf '\nperilune %s %s %s\n' "$nonce" "$1" "$2"; }
reply64() { reply "${1}64" "$(printf %s "$2" | base64 -w 0)"; }
refuse() { reply64 message "$2"; reply refused "$1"; exit 0; }
now() { moment=$(date +%s.%N); case $moment in *N*) moment=${moment%%.*} ;; esac; }
nap() { sleep 0.1 2>/dev/null || sleep 1; }
)SH";

const std::string& SshAnswer::operator[](std::string_view name) const {
    static const std::string none;
    const auto found = words.find(name);
    return found == words.end() ? none : found->second;
}

Awaitable<SshAnswer> talk(const SshLine& line, SshScript script, Call& call) {
    SshJoined joined;
    if (line.connections) {
        auto joining = line.connections->join(line.host, call, script.until_s);
        joined = co_await joining;
    }
    if (joined.refused) {
        SshAnswer refused;
        refused.error = joined.error;
        refused.error.retry = Retry::safe;
        co_return refused;
    }
    if (!joined.socket.empty()) {
        auto shared = attempt(line, script, call, joined.socket);
        Attempt made = co_await shared;
        if (made.began || call.cancel->asked() || boot_now_s() >= script.until_s)
            co_return std::move(made.answer);
        // The connection is of no use, and nothing was executed: once more over one of its own.
        line.connections->give_up(joined);
    }
    auto alone = attempt(line, std::move(script), call, "");
    Attempt made = co_await alone;
    co_return std::move(made.answer);
}

}  // namespace perilune
