// Examines secrets and targets: each secret opened, each driver made, one cheap observe of each.
#include "interpreter/command/doctor.h"

#include <algorithm>
#include <array>

#include "bindings/table.h"
#include "interpreter/base/http_client.h"
#include "interpreter/command/secret_fetch.h"
#include "interpreter/command/session.h"
#include "interpreter/run/calls.h"
#include "interpreter/run/drivers.h"

namespace perilune {

namespace {

using State = Examined::State;

constexpr double observe_within_s = 15;
constexpr int not_implemented = 501;  // To HEAD, by servers that only know GET.

// What a family is asked, the most telling and cheapest first.
constexpr std::array<std::string_view, 8> cheap_observes = {
    "status", "serial", "head", "list", "settings", "list_open", "alarms", "usage"};

// Arguments for an observe that needs some: the smallest question there is.
Map small_arguments(const Operation& operation) {
    Map arguments;
    if (operation.parameter("path") && operation.name == "head") arguments["path"] = "/";
    if (operation.parameter("limit")) arguments["limit"] = 1;
    return arguments;
}

struct CheapObserve {
    std::string operation;
    Map arguments;
};

// Nothing where every observe of the driver needs to be told something only a runbook knows.
std::optional<CheapObserve> cheap_observe(const Family& family, const DriverKind& kind) {
    for (const auto name : cheap_observes) {
        const Operation* operation = family.operation(name);
        const bool has = std::find(kind.operations.begin(), kind.operations.end(), name) !=
                         kind.operations.end();
        if (!operation || operation->effect != Effect::observe || !has) continue;
        auto arguments = check_arguments(family, *operation, small_arguments(*operation));
        if (arguments) return CheapObserve{std::string(name), std::move(*arguments)};
    }
    return std::nullopt;
}

// A server that answers with another status than expected is there all the same. What an error says
// that has a code of its own, such as refused credentials, is no such answer.
bool answered(const Error& error) {
    const bool other = error.code == "unexpected_status" && error.detail.has("status");
    return other || error.code == "redirect_refused";
}

class TargetExamination {
public:
    TargetExamination(const Environment& environment, const WantedByTarget& wanted,
                      const Invocation& invocation, SecretOpener& opener, const Masker& masker)
        : environment_(environment), wanted_(wanted), masker_(masker), loop_(Loop::make()) {
        http_ = HttpClient::make(*loop_);
        const HostSetup setup = host_setup(invocation);
        Services services{.loop = *loop_};
        services.http = http_.get();
        services.state_folder = setup.state_folder;
        services.program_folder = setup.program_folder;
        open_secret_ = [&opener](const Value& value) { return opener.open(value); };
        services.open_secret = open_secret_;
        services.keep_secret = [&opener](const std::string& name, const std::string& value) {
            return opener.keep(name, value);
        };
        services.print = [](const std::string&) {};
        drivers_ = std::make_unique<Drivers>(environment, std::move(services));
    }

    Examination examine(const std::vector<std::string>& targets) {
        std::vector<Examination> found(targets.size());
        loop_->post([&] {
            for (std::size_t at = 0; at < targets.size(); ++at) {
                found[at].push_back({.what = targets[at]});
                begin(found[at]);
            }
            if (open_ == 0) loop_->stop();
        });
        loop_->run();
        Examination all;
        for (auto& of_target : found)
            for (auto& one : of_target) all.push_back(std::move(one));
        return all;
    }

private:
    static void refuse(Examined& examined, const std::string& found, const std::string& advice) {
        examined.state = State::problem;
        examined.found = found;
        examined.advice = advice;
    }

    // The first line is the target itself; what its driver asks besides follows.
    void begin(Examination& lines) {
        Examined& examined = lines.front();
        const auto found = environment_.targets.find(examined.what);
        if (found == environment_.targets.end())
            return refuse(examined, "the environment has no such target",
                          "Add it to the environment's targets.");
        const TargetSettings& settings = found->second;
        const std::string kind = "driver " + std::string(settings.driver->name);
        if (settings.needs_services) {
            examined.state = State::note;
            examined.found = kind + "; what it is made of only a drill starts";
            return;
        }
        const auto driver = drivers_->of(examined.what);
        if (!driver)
            return refuse(examined, masker_.mask(driver.error().message),
                          "Correct its settings (" + show(settings.place) + ").");
        const Family* family = find_family(settings.driver->family);
        const auto cheap = cheap_observe(*family, *settings.driver);
        if (cheap) return start(lines, *driver, *cheap, kind, show(settings.place));
        examined.found = kind + "; its settings are complete";
        if ((*driver)->examine) return ask_more(lines, *driver, show(settings.place));
        examined.found += ", nothing cheap can be asked";
    }

    std::shared_ptr<Call> make_call(const Examination& lines) const {
        auto call = std::make_shared<Call>();
        call->target = lines.front().what;
        call->deadline_s = boot_now_s() + observe_within_s;
        call->open_secret = open_secret_;
        return call;
    }

    void end_one() {
        if (--open_ == 0) loop_->stop();
    }

    void start(Examination& lines, Driver* driver, const CheapObserve& cheap,
               const std::string& kind, const std::string& place) {
        auto call = make_call(lines);
        call->operation = cheap.operation;
        call->arguments = cheap.arguments;
        ++open_;
        const double began = boot_now_s();
        perform_call(
            *loop_, driver, call, CallRequest{.phase = Phase::observe}, masker_,
            [this, call, began, kind, place, driver, &lines](CallAnswer answer) {
                lines.front().took_s = boot_now_s() - began;
                take(lines.front(), *answer.observed, kind + ", asked " + call->operation, place);
                // Of a place that was not reached there is no more to ask.
                const bool reached = lines.front().state != State::problem || lines.front().secret;
                if (driver->examine && reached) ask_more(lines, driver, place);
                end_one();
            });
    }

    void ask_more(Examination& lines, Driver* driver, const std::string& place) {
        auto call = make_call(lines);
        call->arguments = changes_of(call->target);
        ++open_;
        start_task(driver->examine(*call), [this, call, place, &lines](Result<Value> answer) {
            if (!answer) {
                const Error& error = answer.error();
                lines.push_back({.what = call->target});
                refuse(lines.back(), masker_.mask(error.message),
                       "See " + place + ", and whether it can be reached from here.");
                lines.back().secret = is_of_credentials(error);
            } else {
                for (const auto& told : answer->list()) add_finding(lines, told, place);
            }
            end_one();
        });
    }

    // What runbooks do there: only a right that one of them needs is missed.
    Value changes_of(const std::string& target) const {
        Value arguments{Map{}};
        const auto found = wanted_.find(target);
        if (found != wanted_.end() && found->second.any) return arguments;
        List names;
        if (found != wanted_.end())
            for (const auto& name : found->second.names) names.push_back(name);
        return arguments.set("changes", std::move(names));
    }

    void add_finding(Examination& lines, const Value& told, const std::string& place) {
        Examined line{.what = lines.front().what};
        const std::string& state = told["state"].text();
        const std::string found = masker_.mask(told["found"].text());
        line.found = (state == "unchecked" ? "not checked: " : "") + found;
        line.advice = masker_.mask(told["advice"].text());
        if (state == "unchecked" || state == "note") line.state = State::note;
        if (state == "problem") {
            line.state = State::problem;
            line.secret = told["credentials"].boolean();
            if (line.advice.empty()) line.advice = "See " + place + ".";
        }
        lines.push_back(std::move(line));
    }

    static bool is_of_credentials(const Error& error) {
        return error.code.find("secret") != std::string::npos ||
               error.code == "credentials_refused" || error.code == "permission_denied";
    }

    // Where the target is no web page but an API, 403 is said of who asks.
    static bool refuses_us(const Error& error, const std::string& target) {
        return !target.starts_with("http/") && error.detail["status"].integer() == 403;
    }

    // Some say so in their status; of what lives only for a while, that is no news.
    void unreachable(Examined& examined, const std::string& asked, const std::string& place) {
        const bool disposable = environment_.targets.at(examined.what).disposable;
        if (!disposable)
            return refuse(examined, asked + "; it cannot be reached",
                          "See " + place + ", and whether it can be reached from here.");
        examined.state = State::note;
        examined.found = asked + "; there is none now, and it is disposable";
    }

    void take(Examined& examined, const Result<Value>& answer, const std::string& asked,
              const std::string& place) {
        if (answer) {
            examined.found = asked;
            if (answer->has("reachable") && !(*answer)["reachable"].boolean())
                unreachable(examined, asked, place);
            return;
        }
        const bool refused = refuses_us(answer.error(), examined.what);
        if (answered(answer.error()) && !refused) {
            const auto status = answer.error().detail["status"].integer();
            const bool may_be_ill = status >= 500 && status != not_implemented;
            examined.state = may_be_ill ? State::note : State::ok;
            examined.found = asked + "; it answers " +
                             (status > 0 ? std::to_string(status) : "with a redirection");
            return;
        }
        refuse(examined, asked + ": " + answer.error().message,
               "See " + place + ", and whether it can be reached from here.");
        examined.secret = refused || is_of_credentials(answer.error());
    }

    const Environment& environment_;
    const WantedByTarget& wanted_;
    const Masker& masker_;
    std::unique_ptr<Loop> loop_;
    std::unique_ptr<HttpClient> http_;
    std::function<Result<std::string>(const Value&)> open_secret_;
    std::unique_ptr<Drivers> drivers_;
    std::size_t open_ = 0;
};

}  // namespace

void examine_secrets(const std::vector<std::string>& names, SecretOpener& opener,
                     Examination& all) {
    for (const auto& name : names) {
        Examined examined{.what = "secret " + name};
        const double began = boot_now_s();
        const auto opened = opener.open(make_secret(name));
        examined.took_s = boot_now_s() - began;
        examined.found = opened ? "can be opened" : opened.error().message;
        if (!opened) {
            examined.state = State::problem;
            examined.secret = true;
            examined.advice = "Put it into the environment's provider of secrets.";
        }
        all.push_back(std::move(examined));
    }
}

void examine_targets(const Environment& environment, const std::vector<std::string>& targets,
                     const WantedByTarget& wanted, const Invocation& invocation,
                     SecretOpener& opener, const Masker& masker, Examination& all) {
    TargetExamination examination(environment, wanted, invocation, opener, masker);
    for (auto& examined : examination.examine(targets)) all.push_back(std::move(examined));
}

}  // namespace perilune
