#include "interpreter/report/next_commands.h"

#include <map>

#include "interpreter/report/escape.h"

namespace perilune::report {

namespace {

class Commands {
public:
    Commands(const RunState& state, const RunRow& row) : state_(state), row_(row) {
        const std::string& begun = state.begin["run"].text();
        run_ = command_word(begun.empty() ? row.id : begun);
    }

    void add(const std::string& command, const std::string& rest, std::string purpose) {
        made.push_back(
            {.command = "perilune " + command + " " + run_ + (rest.empty() ? "" : " " + rest),
             .purpose = std::move(purpose)});
    }

    void add_doubts();
    void add_questions();
    void add_failures();
    void add_plan();
    void add_resume(const std::string& word);
    void add_ended(bool something_left);

    std::vector<NextCommand> made;

private:
    std::string question_word(const Value& question) const;
    std::string step_option(const Value& failure) const;

    const RunState& state_;
    const RunRow& row_;
    std::string run_;
};

// The engine takes a name where it is the only one of that name, else the event's key.
std::string Commands::question_word(const Value& question) const {
    int same = 0;
    for (const auto& [id, other] : state_.questions)
        if (other.record["name"] == question["name"]) ++same;
    const std::string& name = question["name"].text();
    const bool usable = same == 1 && shown(name) == name && !name.starts_with("-");
    return command_word(usable ? name : EventId::from(question).key());
}

void Commands::add_doubts() {
    std::map<std::string, int> names;
    const auto name_of = [](const Value& intent) {
        return intent["target"].text() + ":" + intent["name"].text();
    };
    for (const auto& [id, intent] : state_.intents)
        if (intent.in_doubt) ++names[name_of(intent.record)];
    const bool several = state_.doubts() > 1;
    for (const auto& [id, intent] : state_.intents) {
        if (!intent.in_doubt) continue;
        const std::string name = name_of(intent.record);
        const std::string which =
            several ? command_word(names[name] > 1 ? id.key() : name) + " " : "";
        add("settle", which + "--happened --reason TEXT", "it happened");
        add("settle", which + "--did-not --reason TEXT", "it did not happen");
        add("settle", which + "--again --reason TEXT", "do it again");
    }
}

void Commands::add_questions() {
    for (const auto& [id, question] : state_.questions) {
        const Value& args = question.record["args"];
        const std::string& what = args["what"].text();
        const std::string name = question_word(question.record);
        if (what == "approve") {
            add("approve", name, "approve it");
            add("reject", name + " --reason TEXT", "reject it");
        } else if (what == "confirm") {
            add("answer", name + " yes", "or no");
        } else if (what == "signal") {
            const auto& names = args["names"].list();
            const std::string& signal =
                names.empty() ? question.record["name"].text() : names.front().text();
            add("signal", command_word(signal), "send what it waits for");
        } else {
            std::string value = "TEXT";
            const auto& choices = args["choices"].list();
            if (!choices.empty()) value = command_word(choices.front().text());
            if (choices.empty() && args["evidence"].text() == "number") value = "NUMBER";
            if (choices.empty() && args["evidence"].text() == "url") value = "URL";
            add("answer", name + " " + value,
                what == "manual" ? "once it has been done" : "answer it");
        }
    }
}

// The engine takes a step's name or path where only one failure has it.
std::string Commands::step_option(const Value& failure) const {
    if (state_.failures.size() < 2) return {};
    int same = 0;
    for (const auto& [id, other] : state_.failures)
        if (other["name"] == failure["name"]) ++same;
    const std::string& name = failure["name"].text();
    const std::string path = state_.path(failure["scope"].text());
    return "--step " + command_word(same > 1 && !path.empty() ? path : name);
}

void Commands::add_failures() {
    for (const auto& [id, failure] : state_.failures) {
        if (failure["args"]["what"].text() == "body") {
            add("resume", "--with-current-code", "once the script has been mended");
            continue;
        }
        const std::string which = step_option(failure);
        const bool twice = !failure["twice"].list().empty();
        add("retry", which, twice ? "try again; some changes would be made twice" : "try again");
        add("skip", (which.empty() ? "" : which + " ") + "--reason TEXT", "go on without it");
    }
    if (!state_.failures.empty()) add("undo", "", "take back what was changed");
}

void Commands::add_plan() {
    if (state_.beyond.empty()) return;
    made.push_back(
        {.command = "perilune plan --continue " + run_, .purpose = "see what the rest would do"});
    add("approve", "--plan DIGEST", "go on with exactly that");
}

void Commands::add_resume(const std::string& word) {
    if (word == "diverged") {
        add("resume", "--with-current-code", "go on with the script as it is on disk now");
        add("undo", "", "take back what was changed");
    } else if (word == "lost") {
        add("status", "", "another host executes it now");
    } else if (word == "paused" || word == "parked" || word == "crashed") {
        add("resume", "", "go on");
        if (word != "paused") add("undo", "", "take back what was changed");
    } else if (word == "waits" && (!state_.questions.empty() || !state_.beyond.empty()) &&
               row_.owner.empty() && row_.id == state_.begin["run"].text()) {
        // An answer is kept until a host executes the run again.
        add("resume", "", "no host executes it now; go on with the answer");
    } else if (word == "running" && made.empty()) {
        add("watch", "", "see it go on");
    }
}

void Commands::add_ended(bool something_left) {
    const std::string& outcome = state_.end["outcome"].text();
    if (outcome == "partly undone") {
        add("undo", "", "go on where the undo stopped");
        // The reason of a conflict names the way out itself.
        if (state_.end["reason"].text().find("--force") != std::string::npos)
            add("undo", "--force", "also where the world is no longer as the run left it");
    } else if (something_left && outcome != "done") {
        add("undo", "", "take back what is left");
    }
    if (state_.wants_review())
        add("review", "--reason TEXT", "by somebody else: was it right to pass policy over?");
    add("report", "", "the whole story");
}

}  // namespace

std::string state_word(const RunState& state, const RunRow& row) {
    if (!state.end.is_nil()) return "ended";
    if (!row.state.empty() && row.state != "ended") return row.state;
    const bool asked = !state.questions.empty() || !state.failures.empty() ||
                       !state.beyond.empty() || state.doubts() > 0;
    return asked ? "waits" : "running";
}

std::vector<NextCommand> next_commands(const RunState& state, const RunRow& row,
                                       bool something_left) {
    Commands commands(state, row);
    commands.add_doubts();
    if (state.end.is_nil()) {
        commands.add_questions();
        commands.add_failures();
        commands.add_plan();
        commands.add_resume(state_word(state, row));
    } else {
        commands.add_ended(something_left);
    }
    return std::move(commands.made);
}

void add_next(Page& page, const std::string& prefix, const std::vector<NextCommand>& next) {
    constexpr std::size_t shown_max = 5;
    std::size_t count = 0;
    for (const auto& item : next) {
        if (item.command.starts_with("perilune report") && next.size() > 1) continue;
        if (count == shown_max) break;
        page.add_command(count == 0 ? prefix : std::string(prefix.size(), ' '), item.command,
                         item.purpose);
        ++count;
    }
}

}  // namespace perilune::report
