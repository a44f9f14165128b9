#include "interpreter/command/undo_preview.h"

#include "interpreter/command/find_run.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/session.h"

namespace perilune {

namespace {

class NoWatcher final : public Watcher {
public:
    void on_record(const std::string&, const RunState&, const Value&) override {}
    void on_progress(const std::string&, const EventId&, const std::string&) override {}
    void on_rest(const std::string&, Rest, const std::string&) override {}
    void on_trouble(const std::string& problem) override { say(problem); }
};

Result<Value> make_preview(const Invocation& invocation, std::string& id) {
    NoWatcher watcher;
    Host host(host_setup(invocation), watcher);
    if (const auto opened = host.open(); !opened) return opened.error();
    auto row = find_run(host.store(), invocation.get("RUN"));
    if (!row) return row.error();
    id = row->id;
    const auto records = Records::of(host.store(), row->id);
    if (!records) return records.error();
    return host.preview_undo(*row, *records, invocation.get("--to"));
}

}  // namespace

int execute_undo_preview(const Invocation& invocation) {
    std::string id;
    const auto outlook = make_preview(invocation, id);
    if (!outlook) return report_error(invocation, outlook.error());
    if (invocation.json()) {
        put_json(*outlook);
        return exit_done;
    }
    std::string text = undo_text(*outlook);
    if (!text.empty()) text += "\n";
    put(visible(text));
    std::string again = "perilune undo " + id;
    if (invocation.has("--to")) again += " --to \"" + invocation.get("--to") + "\"";
    say("An undo ends the run and cannot itself be undone. Nothing was undone yet; do it with: " +
        again);
    return exit_done;
}

}  // namespace perilune
