// A simulated zone: its record sets, who answers for them, and how its provider fares.
#pragma once

#include <optional>
#include <set>

#include "bindings/dns/simulated_resolver.h"
#include "bindings/dns/zone_change.h"
#include "interpreter/base/simulation.h"

namespace perilune {

class SimulatedZone final : public SimulatedTarget {
public:
    explicit SimulatedZone(const Settings& settings);

    Driver make_driver(Services& services) override;
    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override;

private:
    // What a call would change, worked out.
    struct Worked {
        std::vector<RecordSet> sets;
        Value before;
        Value after;
    };
    using Answers = std::vector<Answer>;

    // The provider's API.
    Result<Value> list(Call& call);
    Result<Value> get(Call& call);
    Result<Value> drift(Call& call);
    Result<Value> export_zone(Call& call);
    Result<Value> serial(Call& call);
    Result<Before> before(Call& call);
    Outcome act(Call& call, const Value& before);
    Result<Worked> work_out(const Call& call) const;
    void take(Worked worked);
    RecordSet& soa();
    std::uint32_t serial_now() const;

    // The servers.
    Result<Value> lookup(Call& call);
    Result<Value> resolves(Call& call);
    Result<Answers> ask_for(const Call& call, const std::string& type);
    Answer ask_server(const std::string& server, const std::string& name, const std::string& type);
    ServedZone served() const;
    std::vector<std::string> name_servers() const;

    // What a test does.
    using Control = Result<Value> (SimulatedZone::*)(const Value& arguments);
    static const std::vector<std::pair<std::string_view, Control>>& control_table();
    Result<Value> put(const Value& arguments);
    Result<Value> remove(const Value& arguments);
    Result<Value> change_outside(const std::string& operation, const Value& arguments);
    Result<Value> import_text(const Value& arguments);
    Result<Value> offer(const Value& arguments);
    Result<Value> know(const Value& arguments);
    Result<Value> stop_api(const Value& arguments);
    Result<Value> recover(const Value& arguments);
    Result<Value> silence(const Value& arguments);
    Result<Value> ask(const Value& arguments);
    Result<Value> hold(const Value& arguments);
    Result<Value> flush(const Value& arguments);
    Result<std::vector<std::string>> resolvers_of(const Value& arguments) const;

    std::string target_;
    std::string zone_;                       // Lower-case, without the last dot.
    std::vector<std::string> name_servers_;  // As the environment has them; empty: the NS records.
    std::vector<std::string> resolver_names_;
    std::vector<RecordSet> sets_;  // In the order of lists, the SOA among them.
    std::vector<DnsRecord> outside_;
    ZoneFeatures features_;
    std::optional<Error> api_error_;
    std::map<std::string, SimulatedResolver> resolvers_;
    std::set<std::string> silent_;  // Servers and resolvers that do not answer.
};

}  // namespace perilune
