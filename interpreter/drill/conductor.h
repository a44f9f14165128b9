// Conducts one drill: services, disaster, the runbook as it is executed in an incident, checks, and
// everything put back. Each of its parts is a run of its own in the drill's state folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "interpreter/drill/host_process.h"
#include "interpreter/drill/marker.h"
#include "interpreter/drill/prober.h"
#include "interpreter/drill/steersman.h"

namespace perilune {

struct ConductorOptions {
    std::string program;           // Path of perilune, of which each host is a process.
    std::string library;           // Folder.
    std::string state_folder;      // Of the drill's own runs.
    std::string services_file;     // The layout, for the hosts.
    std::size_t kill_at_step = 0;  // The host dies when so many steps have begun; 0: it does not.
    bool keep_services = false;
    std::function<void(const std::string&)> tell;
};

// How one part went; `run` is its id in the drill's state folder.
struct PartEnd {
    std::string run;
    bool done = false;
    std::string problem;  // Why not.
};

struct MarkSeries {
    MarkPlan plan;
    std::vector<Mark> marks;
    std::set<std::int64_t> survived;
    std::string problem;  // Why the survivor could not be asked.
};

struct Conducted {
    double began_at = 0;
    double ended_at = 0;
    double disaster_at = 0;  // When the first change that caused it was sent; 0: none was.
    double caused_at = 0;    // When the last one of them had been made.
    double noticed_at = 0;   // When the runbook was started.
    std::string run;         // Of the runbook; empty where it was not started.
    double killed_at = 0;
    std::string killed_in;  // The step that was under way.
    std::map<std::string, PartEnd> parts;
    std::vector<Probe> probes;
    std::vector<MarkSeries> marks;
    List answers;
    std::vector<std::string> deviations;
    bool interrupted = false;
};

class Conductor {
public:
    Conductor(Host& host, DrillPlan plan, ConductorOptions options);

    Awaitable<Conducted> conduct();
    // In place of `conduct`, for a drill whose conductor has died or kept its services: ends what
    // goes on, puts back where that was not done, and stops the services.
    Awaitable<Conducted> clean_up();
    // Ends the drilled run, puts back and stops what was started.
    void interrupt() { conducted_.interrupted = true; }

private:
    Awaitable<bool> wait(double seconds);
    Awaitable<bool> part(std::string name);
    Awaitable<bool> watch_before();
    Awaitable<Value> parameters();
    Awaitable<bool> execute(Value given);
    bool has_ended(const std::string& run, std::string_view outcome = {});
    std::string free_id(const std::string& part);
    Awaitable<bool> settle();
    Awaitable<bool> put_back();
    Awaitable<bool> stop_services();
    Awaitable<bool> end_run(std::string id);
    Awaitable<bool> collect_marks();
    void guard(Steersman& steersman);
    void time_disaster();
    void deviate(const std::string& what);
    std::vector<std::string> run_arguments(const std::string& runbook, const std::string& id) const;

    Host& host_;
    DrillPlan plan_;
    ConductorOptions options_;
    Targets targets_;
    Prober prober_;
    std::vector<std::unique_ptr<Marker>> markers_;
    Conducted conducted_;
};

}  // namespace perilune
