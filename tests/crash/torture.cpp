#include "tests/crash/torture.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "interpreter/base/json.h"
#include "tests/crash/program_maker.h"

namespace perilune::test {

namespace {

constexpr int lives_max = 6;     // Executions that are troubled.
constexpr int moments_max = 90;  // Of a program, about; a later one troubles nothing.
constexpr int writes_max = 250;
constexpr int calm_lives_max = 4;  // Executions it may take to end once nothing troubles it.

std::set<std::string> keyed_names(const CrashWorld& world) {
    std::set<std::string> names;
    for (const auto& line : world.act_lines())
        if (line.starts_with("keyed ")) names.insert(line.substr(6, line.find(' ', 6) - 6));
    return names;
}

std::size_t keyed_count(const CrashWorld& world) {
    const auto lines = world.act_lines();
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(),
                      [](const std::string& line) { return line.starts_with("keyed "); }));
}

bool has_ended(const CrashWorld& world) { return world.has_run() && world.row().state == "ended"; }

// One program in trouble.
class Ordeal {
public:
    Ordeal(unsigned seed, Tally& tally) : random_(seed), tally_(tally) {}

    CrashWorld& world() { return world_; }

    // The provider loses the answers of some changes, or kills the host that makes them.
    void trouble_provider(const std::set<std::string>& names) {
        for (const auto& name : names) {
            const unsigned choice = pick(8);
            if (choice > 2) continue;
            static constexpr const char* faults[] = {"drop", "slow", "die"};
            world_.fault(name, faults[choice]);
            told_[name] = choice;
        }
    }

    // Counts those that came about.
    void count_troubles_of_provider() {
        static constexpr const char* troubles[] = {"lost answers", "slow answers",
                                                   "hosts killed within a change"};
        for (const auto& [name, choice] : told_)
            if (world_.read("shop/fault." + name).empty()) tally_.add(troubles[choice]);
    }

    // Executes the run in one kind of trouble.
    void live() {
        switch (pick(6)) {
            case 0:
            case 1: return die_at({.number = moment()}, "killed hosts");
            case 2: return lose_power();
            case 3: return lose_workers();
            case 4: return fail_disk();
            default: return share();
        }
    }

    Executed go_on(const Moment& moment = {}) {
        return world_.has_run() ? world_.resume(moment) : world_.start(moment);
    }

private:
    unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
    int moment() { return 1 + static_cast<int>(pick(moments_max)); }

    void die_at(const Moment& moment, const std::string& trouble) {
        if (go_on(moment).killed()) tally_.add(trouble);
    }

    void lose_power() {
        world_.variable("PERILUNE_POWER", std::to_string(1 + pick(1000000)));
        const bool within_a_write = pick(2) == 0;
        const int write = 1 + static_cast<int>(pick(writes_max));
        die_at(
            within_a_write ? Moment{.number = write, .name = "disk"} : Moment{.number = moment()},
            "losses of power");
        world_.variable("PERILUNE_POWER", "");
    }

    void lose_workers() {
        world_.variable("PERILUNE_WORKER_DIES_AT", std::to_string(moment()));
        world_.write("moments.workers", "");
        go_on();
        world_.variable("PERILUNE_WORKER_DIES_AT", "");
        if (world_.read("moments.workers") != "") tally_.add("killed workers");
    }

    void fail_disk() {
        const bool sync = pick(2) == 0;
        world_.write("moments.disk", "");
        const std::string healed = world_.at("healed" + std::to_string(++disks_));
        world_.variable("PERILUNE_DISK", (sync ? "sync " : "write ") +
                                             std::to_string(1 + pick(sync ? 30 : writes_max)) +
                                             (sync ? " io " : " full ") + healed);
        std::thread healing([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            world_.write(healed.substr(world_.at("").size()), "");
        });
        go_on();
        healing.join();
        world_.variable("PERILUNE_DISK", "");
        if (world_.read("moments.disk") != "") tally_.add(sync ? "failed syncs" : "full disks");
    }

    // Two hosts want the run at once; one of them may die.
    void share() {
        if (!world_.has_run()) return;
        const Moment deadly{.number = moment()};
        std::thread other([&] { world_.resume(deadly); });
        world_.resume();
        other.join();
        tally_.add("pairs of hosts");
    }

    std::mt19937 random_;
    Tally& tally_;
    CrashWorld world_;
    std::map<std::string, unsigned> told_;  // Of each name, which fault the provider was told.
    int disks_ = 0;
};

std::string compare(const CrashWorld& world, const CrashWorld& calm) {
    std::string problem = world.broken();
    const Value gave = world.last("end")["value"];
    const Value wanted = calm.last("end")["value"];
    if (!(gave == wanted))
        problem += "It gave " + to_json(gave) + ", not " + to_json(wanted) + ". ";
    if (keyed_names(world) != keyed_names(calm)) problem += "Other changes were made. ";
    if (keyed_count(world) != keyed_names(world).size()) problem += "A change was made twice. ";
    if (world.count("end") != 1) problem += "It ended more than once. ";
    return problem;
}

std::string judge(unsigned seed, const std::string& program, Tally& tally) {
    CrashWorld calm;
    calm.body(program);
    const Executed undisturbed = calm.start();
    if (undisturbed.code != 0) return undisturbed.output + undisturbed.errors;
    Ordeal ordeal(seed, tally);
    CrashWorld& world = ordeal.world();
    world.body(program);
    ordeal.trouble_provider(keyed_names(calm));
    for (int life = 0; life < lives_max && !has_ended(world); ++life) ordeal.live();
    Executed last;
    // What the provider kills is killed once for each change that it was told of.
    for (int life = 0; life < calm_lives_max && !has_ended(world); life += !last.killed())
        last = ordeal.go_on();
    ordeal.count_troubles_of_provider();
    if (!has_ended(world) || world.row().outcome != "done")
        return "It is " + (world.has_run() ? world.row().state : "not there") + ". " + last.output +
               last.errors;
    return compare(world, calm);
}

}  // namespace

void Tally::add(const std::string& trouble) {
    const std::lock_guard guard(mutex_);
    ++counts_[trouble];
}

long Tally::total() const {
    const std::lock_guard guard(mutex_);
    long total = 0;
    for (const auto& [trouble, count] : counts_) total += count;
    return total;
}

std::string Tally::text() const {
    const std::lock_guard guard(mutex_);
    std::string text;
    for (const auto& [trouble, count] : counts_)
        text += "  " + trouble + ": " + std::to_string(count) + "\n";
    return text;
}

std::string torture(unsigned seed, Tally& tally) {
    const std::string program = make_program(seed);
    const std::string problem = judge(seed, program, tally);
    return problem.empty() ? "" : "seed " + std::to_string(seed) + ": " + problem + "\n";
}

}  // namespace perilune::test
