// The simulated target of http: the real driver over a client in memory, which asks a simulated
// site in place of the network.
#include "bindings/http/http.h"
#include "bindings/http/simulated_site.h"
#include "interpreter/base/pause.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

class SimulatedClient final : public HttpClient {
public:
    SimulatedClient(SimulatedSite& site, Loop& loop) : site_(site), loop_(loop) {}

    Awaitable<Result<HttpAnswer>> send(HttpRequest request,
                                       std::shared_ptr<Cancel> cancel) override {
        return exchange(site_, loop_, std::move(request), std::move(cancel));
    }

private:
    static Awaitable<Result<HttpAnswer>> exchange(SimulatedSite& site, Loop& loop,
                                                  HttpRequest request,
                                                  std::shared_ptr<Cancel> cancel) {
        const double began_s = boot_now_s();
        const double end_s = request.deadline_s > 0 ? request.deadline_s : began_s + 30;
        auto made = site.take(request);
        const double due_s = began_s + made.after_s;
        const bool waited = co_await pause_until(loop, std::min(due_s, end_s), cancel);
        if (!waited) co_return fail("cancelled", "It was told to stop.", Retry::unknown);
        if (due_s > end_s) co_return fail("timed_out", "No answer came in time.", Retry::unknown);
        co_return std::move(made.answer);
    }

    SimulatedSite& site_;
    Loop& loop_;
};

// Keeps the client as long as the driver that sends by it.
struct Kept {
    std::unique_ptr<HttpClient> client;
    std::shared_ptr<void> driver;
};

class SimulatedHttp final : public SimulatedTarget {
public:
    SimulatedHttp(const Settings& settings, SimulatedWorld& world)
        : settings_(with_url(settings)), site_(settings_, world) {}

    Driver make_driver(Services& services) override {
        auto kept = std::make_shared<Kept>();
        kept->client = std::make_unique<SimulatedClient>(site_, services.loop);
        Services lent = services;
        lent.http = kept->client.get();
        auto made = http_kind.make(settings_, lent);
        if (!made) return failing(made.error());
        kept->driver = std::move(made->state);
        made->state = kept;
        return std::move(*made);
    }

    Value look() override { return site_.look(); }

    std::vector<std::string_view> controls() const override {
        return {"answer", "forget", "behind", "certificate", "latency"};
    }

    Result<Value> control(std::string_view name, const Value& arguments) override {
        Status done = Done{};
        if (name == "answer")
            done = site_.add_answer(arguments);
        else if (name == "forget")
            site_.forget_answers();
        else if (name == "behind")
            done = site_.set_behind(arguments.has("deploy") ? "deploy/" + arguments["deploy"].text()
                                                            : arguments["target"].text());
        else if (name == "certificate")
            done = site_.set_certificate(arguments);
        else if (name == "latency")
            site_.takes_s = arguments["seconds"].number();
        else
            return unknown_control(name, controls());
        if (!done) return done.error();
        return look();
    }

private:
    static Settings with_url(Settings settings) {
        const auto slash = settings.target.find('/');
        if (!settings.values.has("url"))
            settings.values.set(
                "url", "https://" + settings.target.substr(slash + 1) + ".simulated.example");
        return settings;
    }

    // Settings that the real driver refuses are refused here too, by every operation.
    static Driver failing(const Error& error) {
        Driver driver;
        for (const auto& operation : http_family.operations) {
            Handler handler =
                change_at_once([error](Call&) -> Result<Before> { return error; },
                               [error](Call&, const Value&) { return Outcome::failed(error); });
            if (operation.effect == Effect::observe)
                handler = observe_at_once([error](Call&) -> Result<Value> { return error; });
            driver.operations.emplace(operation.name, std::move(handler));
        }
        return driver;
    }

    Settings settings_;
    SimulatedSite site_;
};

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld& world) {
    return std::make_unique<SimulatedHttp>(settings, world);
}

}  // namespace

const SimulatedKind simulated_http = {.family = "http", .make = make};

}  // namespace perilune
