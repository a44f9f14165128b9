#include "interpreter/drill/conductor.h"

#include <algorithm>

#include "interpreter/library/problems.h"
#include "interpreter/run/records.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.05;
constexpr double well_before_s = 1;  // How long the service must serve before the disaster.
constexpr double end_run_within_s = 20;
constexpr std::size_t runs_max = 1000;
constexpr double well_within_s = 60;  // How long is waited for that.

}  // namespace

Conductor::Conductor(Host& host, DrillPlan plan, ConductorOptions options)
    : host_(host),
      plan_(std::move(plan)),
      options_(std::move(options)),
      targets_(host),
      prober_(targets_, plan_.probe) {
    for (const auto& mark : plan_.marks)
        markers_.push_back(std::make_unique<Marker>(targets_, mark));
}

void Conductor::deviate(const std::string& what) {
    conducted_.deviations.push_back(what);
    options_.tell("! " + what);
}

Awaitable<bool> Conductor::wait(double seconds) {
    auto until = wait_until(host_.loop(), boot_now_s() + seconds);
    co_return co_await until;
}

std::vector<std::string> Conductor::run_arguments(const std::string& runbook,
                                                  const std::string& id) const {
    return {"run",
            runbook,
            "--run-id",
            id,
            "--library",
            options_.library,
            "--state",
            options_.state_folder,
            "--json",
            "--environment",
            plan_.environment,
            "--services",
            options_.services_file};
}

// From the first intent of the disaster's run, or of one below it, to the last change's end.
void Conductor::time_disaster() {
    const auto look = [&](const std::string& id) {
        const auto records = Records::of(host_.store(), id);
        if (!records) return;
        records->each([&](const Value& record) {
            const double time = record["time"].number();
            double& first = conducted_.disaster_at;
            if (record["kind"].text() == "intent" && (first == 0 || time < first)) first = time;
            if (record["kind"].text() == "result")
                conducted_.caused_at = std::max(conducted_.caused_at, time);
        });
    };
    look("disaster");
    if (const auto children = host_.store().children("disaster"))
        for (const auto& child : *children) look(child.id);
}

// A part may be executed again once its drill was interrupted.
std::string Conductor::free_id(const std::string& part) {
    std::string id = part;
    const auto taken = [&] {
        const auto row = host_.store().run(id);
        return row && *row;
    };
    for (int n = 2; taken(); ++n) id = part + "-" + std::to_string(n);
    return id;
}

Awaitable<bool> Conductor::part(std::string name) {
    PartEnd& end = conducted_.parts[name];
    end.run = free_id(name);
    auto arguments = run_arguments("drills/" + plan_.name, end.run);
    arguments.insert(arguments.end(), {"part=" + name, "--no-input"});
    if (conducted_.disaster_at > 0)
        arguments.push_back("disaster_at=" + exact_time(conducted_.disaster_at));
    const auto running = start_host(host_.loop(), options_.program, arguments);
    while (!running->ended) co_await wait(look_every_s);
    end.done = ended_well(*running);
    if (end.done) co_return true;
    end.problem = problem_of(*running);
    deviate("The drill's part " + in_quotes(name) + " failed: " + end.problem);
    co_return false;
}

// The service must be seen to serve, and a mark of each series be written, before anything is
// broken, or the drill would measure nothing.
Awaitable<bool> Conductor::watch_before() {
    for (auto& marker : markers_) {
        const auto made = co_await marker->prepare();
        if (!made) {
            deviate("No marks can be written to " + marker->plan().target + ": " +
                    made.error().message);
            co_return false;
        }
    }
    for (auto& marker : markers_) marker->start();
    prober_.start();
    const double until = boot_now_s() + well_within_s;
    const auto unmarked = [&] {
        return std::ranges::find_if(markers_,
                                    [](const auto& marker) { return marker->marks().empty(); });
    };
    bool serves = false;
    while (boot_now_s() < until && !conducted_.interrupted) {
        co_await wait(look_every_s);
        const double since = prober_.good_since();
        serves = since > 0 && wall_now_s() > since + well_before_s;
        if (serves && unmarked() == markers_.end()) co_return true;
    }
    if (conducted_.interrupted) co_return false;
    if (serves) {
        deviate("No mark could be written to " + (*unmarked())->plan().target +
                " before the disaster, so there is nothing to measure its loss by.");
        co_return false;
    }
    const auto probes = prober_.probes();
    deviate("The service does not serve before the disaster, so there is nothing to measure: " +
            (probes.empty() ? "no answer" : probes.back().problem) + " (" + plan_.probe.url + ")");
    co_return false;
}

Awaitable<bool> Conductor::collect_marks() {
    for (auto& marker : markers_) {
        marker->stop();
        co_await wait(look_every_s);
        MarkSeries series;
        series.plan = marker->plan();
        series.marks = marker->marks();
        auto survived = co_await marker->survived();
        if (survived) {
            series.survived = std::move(*survived);
        } else {
            series.problem = survived.error().message;
            deviate("It cannot be told which marks of " + series.plan.name +
                    " survived: " + series.problem);
        }
        conducted_.marks.push_back(std::move(series));
    }
    co_return true;
}

Awaitable<Conducted> Conductor::conduct() {
    conducted_.began_at = wall_now_s();
    options_.tell("Starting the services");
    bool well = co_await part("services");
    // Somebody may end the drill at any moment: nothing is begun after that but putting back.
    const auto goes_on = [&] { return well && !conducted_.interrupted; };
    if (goes_on() && plan_.prepares) {
        options_.tell("Preparing");
        well = co_await part("prepare");
    }
    if (goes_on()) {
        options_.tell("Asking " + plan_.probe.url + " until it serves");
        well = co_await watch_before();
    }
    if (goes_on() && plan_.has_before) {
        options_.tell("Before the disaster");
        well = co_await part("before");
    }
    if (goes_on()) {
        options_.tell("The disaster");
        well = co_await part("disaster");
        time_disaster();
        if (well && conducted_.disaster_at == 0) {
            well = false;
            deviate("The drill's part \"disaster\" has changed nothing.");
        }
    }
    if (goes_on() && conducted_.disaster_at > 0) {
        if (plan_.notice_s > 0) co_await wait(plan_.notice_s);
        const Value given = co_await parameters();
        well = !given.is_nil();
        if (well) {
            options_.tell("Executing " + plan_.runbook);
            co_await execute(given);
            co_await settle();
        }
    }
    prober_.stop();
    // What was asked while the service was up must not find it stopped.
    while (prober_.open() > 0) co_await wait(look_every_s);
    if (conducted_.disaster_at > 0) co_await collect_marks();
    if (goes_on() && plan_.checks) {
        options_.tell("Checking the end");
        co_await part("check");
    }
    // What `prepare` has begun is put back too.
    if (conducted_.parts.size() > 1) co_await put_back();
    if (!options_.keep_services) co_await stop_services();
    conducted_.probes = prober_.probes();
    conducted_.ended_at = wall_now_s();
    if (conducted_.interrupted) deviate("Somebody ended the drill before its end.");
    co_return conducted_;
}

Awaitable<bool> Conductor::put_back() {
    if (!plan_.puts_back) co_return true;
    options_.tell("Putting back");
    co_return co_await part("put_back");
}

Awaitable<bool> Conductor::stop_services() {
    options_.tell("Stopping the services");
    co_return co_await part("stop");
}

Awaitable<bool> Conductor::end_run(std::string id) {
    options_.tell("Ending the run " + id);
    const auto running = start_host(host_.loop(), options_.program,
                                    {"cancel", id, "--state", options_.state_folder, "--json"});
    while (!running->ended) co_await wait(look_every_s);
    const double until = boot_now_s() + end_run_within_s;
    while (!has_ended(id) && boot_now_s() < until) co_await wait(look_every_s);
    if (!has_ended(id)) deviate("The run " + id + " does not end: " + problem_of(*running));
    co_return has_ended(id);
}

Awaitable<Conducted> Conductor::clean_up() {
    const auto rows = host_.store().runs(runs_max);
    if (!rows) {
        deviate(rows.error().message);
        co_return conducted_;
    }
    bool has_begun = false;
    for (const auto& row : *rows) {
        if (!row.parent.empty()) continue;
        has_begun = has_begun || row.id != "services";
        if (row.state != "ended") co_await end_run(row.id);
    }
    if (has_begun && !has_ended("put_back", "done")) co_await put_back();
    co_await stop_services();
    co_return conducted_;
}

}  // namespace perilune
