// A crontab as text that is edited in place: jobs have names, other lines stay as they are.
//
//     CRON_TZ=Europe/Paris
//     # job: nightly-backup
//     0 2 * * * /usr/local/bin/backup --all
//     # job: reports
//     # pause reason: region outage
//     # paused by perilune: */10 * * * * /usr/local/bin/reports
//
// `# job: NAME` names the job below it; a job without it is called unnamed- and eight digits of its
// digest. CRON_TZ (cronie) holds for the lines below it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct CronJob {
    std::string name;
    std::string cron;
    std::string time_zone;
    std::string destination;  // The rest of the line: in /etc/cron.d files it begins with the user.
    bool paused = false;
    bool operator==(const CronJob&) const = default;
};

class CrontabText {
public:
    // `time_zone` is that of lines above the first CRON_TZ; `path` is for messages.
    static Result<CrontabText> parse(std::string_view text, const std::string& time_zone,
                                     const std::string& path);

    const std::vector<CronJob>& jobs() const { return jobs_; }
    const CronJob* find(std::string_view name) const;
    std::string text() const;

    // Each edit gives the text as it would be; the names must be there.
    std::string paused(const std::vector<std::string>& names, const std::string& reason) const;
    std::string resumed(const std::vector<std::string>& names) const;
    std::string without(const std::string& name) const;
    // With the job in its place, or at the end where it is new or its time zone changes.
    std::string with(const CronJob& job) const;

private:
    // The lines a job has, by index.
    struct Place {
        int tag = -1;
        int reason = -1;
        int line = -1;
    };
    class Parser;

    std::string line_of(const CronJob& job) const;
    const Place& place_of(std::string_view name) const;

    std::vector<std::string> lines_;  // With their line ends.
    std::vector<CronJob> jobs_;
    std::vector<Place> places_;
    std::string last_zone_;  // In force at the end.
};

}  // namespace perilune
