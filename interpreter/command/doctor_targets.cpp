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
    TargetExamination(const Environment& environment, const Invocation& invocation,
                      SecretOpener& opener, const Masker& masker)
        : environment_(environment), masker_(masker), loop_(Loop::make()) {
        http_ = HttpClient::make(*loop_);
        const HostSetup setup = host_setup(invocation);
        Services services{.loop = *loop_};
        services.http = http_.get();
        services.state_folder = setup.state_folder;
        services.program_folder = setup.program_folder;
        open_secret_ = [&opener](const Value& value) { return opener.open(value); };
        services.open_secret = open_secret_;
        services.print = [](const std::string&) {};
        drivers_ = std::make_unique<Drivers>(environment, std::move(services));
    }

    Examination examine(const std::vector<std::string>& targets) {
        Examination all(targets.size());
        loop_->post([&] {
            for (std::size_t at = 0; at < targets.size(); ++at) {
                all[at].what = targets[at];
                begin(all[at]);
            }
            if (open_ == 0) loop_->stop();
        });
        loop_->run();
        return all;
    }

private:
    static void refuse(Examined& examined, const std::string& found, const std::string& advice) {
        examined.state = State::problem;
        examined.found = found;
        examined.advice = advice;
    }

    void begin(Examined& examined) {
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
        if (!cheap) {
            examined.found = kind + "; its settings are complete, nothing cheap can be asked";
            return;
        }
        start(examined, *driver, *cheap, kind, show(settings.place));
    }

    void start(Examined& examined, Driver* driver, const CheapObserve& cheap,
               const std::string& kind, const std::string& place) {
        auto call = std::make_shared<Call>();
        call->operation = cheap.operation;
        call->target = examined.what;
        call->arguments = cheap.arguments;
        call->deadline_s = boot_now_s() + observe_within_s;
        call->open_secret = open_secret_;
        ++open_;
        const double began = boot_now_s();
        perform_call(*loop_, driver, call, CallRequest{.phase = Phase::observe}, masker_,
                     [this, call, began, kind, place, &examined](CallAnswer answer) {
                         examined.took_s = boot_now_s() - began;
                         take(examined, *answer.observed, kind + ", asked " + call->operation,
                              place);
                         if (--open_ == 0) loop_->stop();
                     });
    }

    void take(Examined& examined, const Result<Value>& answer, const std::string& asked,
              const std::string& place) {
        if (answer) {
            examined.found = asked;
            return;
        }
        if (answered(answer.error())) {
            const auto status = answer.error().detail["status"].integer();
            const bool may_be_ill = status >= 500 && status != not_implemented;
            examined.state = may_be_ill ? State::note : State::ok;
            examined.found = asked + "; it answers " +
                             (status > 0 ? std::to_string(status) : "with a redirection");
            return;
        }
        refuse(examined, asked + ": " + answer.error().message,
               "See " + place + ", and whether it can be reached from here.");
        examined.secret = answer.error().code.find("secret") != std::string::npos ||
                          answer.error().code == "credentials_refused";
    }

    const Environment& environment_;
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
                     const Invocation& invocation, SecretOpener& opener, const Masker& masker,
                     Examination& all) {
    TargetExamination examination(environment, invocation, opener, masker);
    for (auto& examined : examination.examine(targets)) all.push_back(std::move(examined));
}

}  // namespace perilune
