#include "bindings/process/ssh_programs.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "bindings/process/ssh_script.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr const char* pieces_of_run = "256";  // How often dd is started anew, in reads.

// XBD 3.216: what a shell takes for a variable's name.
bool is_shell_name(std::string_view name) {
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::all_of(name.begin(), name.end(),
                       [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_'); });
}

std::string assign(const std::string& name, const std::string& text) {
    return name + "=" + quote_word(text) + "\n";
}

// The shell functions that look whether a program can be started, and start it.
std::string launch_functions(const DeclaredProgram& program, const ProgramInvocation& made) {
    const std::string path = quote_word(program.path);
    std::string text = "can_launch() {\n";
    if (!program.folder.empty())
        text += "[ -d " + quote_word(program.folder) + " ] || refuse not_started " +
                quote_word("The folder " + program.folder + " is not there.") + "\n";
    text +=
        "[ -f " + path + " ] || refuse not_started " +
        quote_word("Starting the program " + program.path + " failed: No such file or directory.") +
        "\n[ -x " + path + " ] || refuse not_started " +
        quote_word("Starting the program " + program.path + " failed: Permission denied.") +
        "\n}\nlaunch() {\nset -- $own_session " + quote_words(made.argv) + "\n";
    if (!program.folder.empty()) text += "cd " + quote_word(program.folder) + " || exit 126\n";
    text += "unset LC_ALL SHLVL OLDPWD\n";
    for (const auto& variable : made.environment) {
        const auto equals = variable.find('=');
        const std::string name = variable.substr(0, equals);
        text += name + "=" + quote_word(variable.substr(equals + 1)) + "; export " + name + "\n";
    }
    return text + "exec \"$@\"\n}\n";
}

double number_in(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

}  // namespace

std::string whole_seconds(double seconds) {
    return std::to_string(static_cast<std::int64_t>(std::ceil(std::max(0.0, seconds))));
}

std::string ssh_run_id(const std::string& intent) { return to_hex(sha256(intent)).substr(0, 32); }

std::string ssh_key_id(const SshPrograms& programs, const std::string& key) {
    return to_hex(sha256(programs.target + '\n' + key)).substr(0, 32);
}

Result<const DeclaredProgram*> permit_over_ssh(const SshPrograms& programs, const Call& call) {
    auto permitted = permit(programs.declared, call);
    if (!permitted) return permitted;
    for (const auto* source : {&(*permitted)->environment, &call.arguments["environment"].map()})
        for (const auto& [name, value] : *source)
            if (!is_shell_name(name))
                return fail("not_permitted",
                            "The variable " + name + " cannot be given to the program " +
                                (*permitted)->name + " of " + call.target +
                                " over ssh: its name must be letters, digits and _.");
    return permitted;
}

std::string ssh_script(const SshPrograms& programs, const std::string& commands) {
    return "unset p\nnonce=$1\n" + assign("folder", programs.folder) +
           assign("fresh", to_hex(random_bytes(16))) + ssh_talk_functions + ssh_keeper_functions +
           ssh_report_functions + commands + "\nreply done yes\n";
}

Result<std::string> ssh_run_script(const SshPrograms& programs, const DeclaredProgram& program,
                                   const Call& call, const SshRun& run,
                                   const std::string& commands) {
    const auto made = make_invocation(program, call);
    if (!made) return made.error();
    std::string text = assign("note", to_base64(to_canonical_json(run.note))) +
                       assign("input", to_base64(made->input)) + assign("deadline", run.deadline) +
                       assign("cap", std::to_string(std::max<std::size_t>(run.output_max, 1))) +
                       assign("pieces", run.is_log ? "1" : pieces_of_run) +
                       launch_functions(program, *made);
    return ssh_script(programs, text + commands);
}

SshFound ssh_found(const SshAnswer& answer) {
    SshFound found;
    found.id = answer["id"];
    found.place = answer["place"];
    found.boot = answer["boot"];
    const std::string& state = answer["state"];
    if (state.empty() || state == "absent") return found;
    KeptStatus& status = found.status;
    status.label = found.id;
    status.started_at = number_in(answer["begun"]);
    status.pid = static_cast<pid_t>(std::strtol(answer["program"].c_str(), nullptr, 10));
    status.output = answer["stream1"];
    status.errors = answer["stream2"];
    status.truncated = answer.has("truncated");
    if (auto note = from_canonical_json(answer["note"])) status.note = std::move(*note);
    if (state == "ended") {
        double began = 0;
        double ended = 0;
        int stopped = 0;
        std::istringstream(answer["end"]) >> status.exit_code >> began >> ended >> stopped;
        status.state = KeptStatus::State::ended;
        status.took_s = std::max(0.0, ended - began);
        status.stopped = stopped != 0;
        found.state = SshFound::State::over;
    } else if (state == "refused") {
        status.state = KeptStatus::State::refused;
        status.error = "It was claimed and never begun.";
        found.state = SshFound::State::over;
    } else if (state == "starting") {
        found.state = SshFound::State::starting;
    } else {
        status.state = KeptStatus::State::running;
        found.state = state == "lost" ? SshFound::State::lost : SshFound::State::running;
    }
    return found;
}

// What only reads may be asked again whatever became of it; a host that is asked over and over with
// a wrong key shuts itself to everybody.
Error of_a_question(Error error) {
    error.retry = is_for_a_person(error) ? Retry::never : Retry::safe;
    return error;
}

Awaitable<SshAnswer> ask_over_ssh(SharedSsh programs, Call& call, std::string commands,
                                  double until_s, std::size_t answer_max) {
    SshScript script;
    script.text = ssh_script(*programs, commands);
    script.until_s = until_s;
    script.answer_max = answer_max;
    SshAnswer answer = co_await talk(programs->line, std::move(script), call);
    if (!answer.ok) answer.error = of_a_question(std::move(answer.error));
    co_return answer;
}

Outcome unanswered(Error error) {
    if (error.retry == Retry::unknown) return Outcome::unknown(std::move(error));
    // What a moment may mend is tried again; keys and names are for a person to mend.
    for (const char* passing : {"refused", "timed_out", "unreachable", "late", "stopped"})
        if (error.code == passing) return Outcome::not_sent(std::move(error));
    return Outcome::failed(std::move(error));
}

}  // namespace perilune
