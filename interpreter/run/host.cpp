#include "interpreter/run/host.h"

#include <array>
#include <fstream>

#include <pwd.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/run/diagnostics.h"
#include "interpreter/run/live_run.h"
#include "interpreter/run/proof.h"

namespace perilune {

namespace {

constexpr double beat_every_s = 5;
constexpr double lease_ttl_s = 15;
constexpr double inbox_every_s = 0.1;

std::string read_boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

std::string machine_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

}  // namespace

std::string current_person() {
    const auto* entry = ::getpwuid(::getuid());
    const std::string name = entry ? entry->pw_name : "uid-" + std::to_string(::getuid());
    return name + "@" + machine_name();
}

// "20260301-020000-4fk2q7": sorts by time, easy to read aloud.
std::string make_run_id(double wall_s) {
    std::string stamp = show_time(wall_s);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
    stamp[8] = '-';
    static constexpr std::string_view letters = "0123456789abcdefghjkmnpqrstvwxyz";
    std::string id = stamp + "-";
    for (const char c : random_bytes(6)) id += letters[static_cast<unsigned char>(c) & 31];
    return id;
}

Host::Host(HostSetup setup, Watcher& watcher)
    : setup_(std::move(setup)),
      watcher_(watcher),
      boot_id_(setup_.world.boot_id.empty() ? read_boot_id() : setup_.world.boot_id),
      loop_(setup_.world.make_loop()) {}

Host::~Host() = default;

Status Host::open() {
    auto store = setup_.world.open_store(setup_.state_folder);
    if (!store) return store.error();
    store_ = std::move(*store);
    id_ = setup_.world.host_id;
    if (id_.empty()) id_ = machine_name() + "-" + to_hex(random_bytes(6));
    if (const auto held = store_->hold_host(id_); !held) return held;
    HostRow row;
    row.id = id_;
    row.name = machine_name();
    row.pid = ::getpid();
    if (const auto added = store_->add_host(row); !added) return added;
    last_beat_sent_ = boot_now_s();
    if (setup_.world.real) open_diagnostics(setup_.state_folder);
    writer_ = std::make_unique<JournalWriter>(*loop_, *store_);
    writer_->on_lost = [this](const std::string& run) {
        if (const LiveRun* lost = live(run); lost && !lost->ended) lose_tree();
    };
    writer_->on_durable = [this] {
        for (auto& [id, run] : runs_) run->show_durable();
    };
    writer_->on_trouble = [this](const std::string& problem) {
        diagnose(LogLevel::error, problem.empty() ? "The store can be written again." : problem);
        watcher_.on_trouble(problem);
    };
    if (setup_.world.real) {
        http_ = HttpClient::make(*loop_);
        loop_->start_timer(boot_now_s() + beat_every_s, [this] { beat(); });
    }
    if (setup_.world.polls_inbox)
        loop_->start_timer(boot_now_s() + inbox_every_s, [this] { poll_inbox(); });
    return Done{};
}

std::shared_ptr<LiveRun> Host::shared(const std::string& run) {
    const auto found = runs_.find(run);
    return found == runs_.end() ? nullptr : found->second;
}

LiveRun* Host::live(const std::string& run) { return shared(run).get(); }

// Rule 11.1: the beat goes up every 5 s; the lease counts from when the last good one was sent.
void Host::beat() {
    const double sent = boot_now_s();
    auto good = std::make_shared<bool>(false);
    loop_->off_loop([this, good, count = ++beat_count_] { *good = store_->beat(id_, count).ok(); },
                    [this, good, sent] {
                        if (*good) last_beat_sent_ = sent;
                        loop_->start_timer(boot_now_s() + beat_every_s, [this] { beat(); });
                    });
}

bool Host::lease_holds() const {
    if (!setup_.world.real) return true;
    return boot_now_s() - last_beat_sent_ < lease_ttl_s - beat_every_s;
}

void Host::poll_inbox() {
    after_inbox(
        [this] { loop_->start_timer(boot_now_s() + inbox_every_s, [this] { poll_inbox(); }); });
}

// Signatures are checked where the store is read: ssh-keygen takes its time.
void Host::after_inbox(std::function<void()> done) {
    struct Found {
        std::map<std::string, Texts> people;  // By run: the texts that say who is who.
        std::vector<InboxRow> rows;
        std::vector<Signature> signatures;
    };
    auto found = std::make_shared<Found>();
    for (const auto& [id, run] : runs_) {
        if (run->ended) continue;
        Texts& texts = found->people[id];
        const Texts& all = run->prepared().bundle.files;
        if (const auto file = all.find(std::string(people_file)); file != all.end())
            texts.insert(*file);
    }
    loop_->off_loop(
        [this, found] {
            for (const auto& [id, texts] : found->people) {
                const auto rows = store_->inbox(id);
                if (!rows) continue;
                for (const auto& row : *rows) {
                    const auto body = from_canonical_json(row.body);
                    found->signatures.push_back(body && is_signed_kind(row.kind)
                                                    ? check_signature(texts, *body, row.at)
                                                    : Signature());
                    found->rows.push_back(row);
                }
            }
        },
        [this, found, done = std::move(done)] {
            take_inbox(found->rows, found->signatures);
            done();
        });
}

// Commands for a run that is replayed or stands still are kept, but for those that end it.
bool Host::takes(const LiveRun& run, const Command& given) {
    if (run.ended) return false;
    if (!run.at_rest() && !run.engine().replaying()) return true;
    return Engine::ends(given) && !replaying();
}

void Host::take_inbox(const std::vector<InboxRow>& rows, const std::vector<Signature>& signatures) {
    for (std::size_t at = 0; at < rows.size(); ++at) {
        const InboxRow& row = rows[at];
        Command given;
        given.id = row.id;
        given.kind = row.kind;
        given.who = row.who;
        given.at = row.at;
        if (auto body = from_canonical_json(row.body)) given.body = *body;
        const auto run = shared(row.run);
        if (!run || !takes(*run, given)) continue;
        if (!taken_.insert(row.id).second) continue;  // Its taking is being made durable.
        if (given.kind == "where") {
            run->where(
                [this, id = row.id](Value stack) { writer_->reply(id, "=" + to_json(stack)); });
            continue;
        }
        given.person = signatures[at].person;
        given.proof = signatures[at].proof;
        const std::string& forged = signatures[at].problem;
        const std::string refused =
            forged.empty() ? command(row.run, given) : run->engine().refuse(given, forged);
        writer_->reply(row.id, refused);
        if (!refused.empty())
            watcher_.on_progress(row.run, {},
                                 row.who + ": " + row.kind + " was not taken: " + refused);
    }
}

}  // namespace perilune
