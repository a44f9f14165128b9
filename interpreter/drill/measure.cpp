#include "interpreter/drill/measure.h"

#include <algorithm>

namespace perilune {

Outage measure_outage(const std::vector<Probe>& probes, double disaster_at) {
    Outage outage;
    double last_answer = disaster_at;
    for (const auto& probe : probes) {
        // A question that was open when the disaster came belongs to it.
        if (probe.at + probe.took_s < disaster_at) continue;
        ++outage.asked;
        last_answer = probe.at + probe.took_s;
        if (!probe.good) {
            ++outage.bad;
            if (!outage.any) outage.began_at = std::max(probe.at, disaster_at);
            outage.any = true;
            outage.over = false;
        } else if (outage.any && !outage.over) {
            outage.over = true;
            outage.ended_at = last_answer;
        }
    }
    if (outage.any) outage.rto_s = (outage.over ? outage.ended_at : last_answer) - disaster_at;
    return outage;
}

Loss measure_loss(const std::vector<Mark>& marks, const std::set<std::int64_t>& survived,
                  double disaster_at, double caused_at) {
    Loss loss;
    double safe_until = marks.empty() ? disaster_at : marks.front().at;
    for (const auto& mark : marks) {
        const bool there = survived.contains(mark.number);
        if (mark.at > std::max(disaster_at, caused_at)) {
            loss.lost_late += !there;
            continue;
        }
        ++loss.written;
        if (there && loss.lost == 0) safe_until = mark.at;
        if (there && loss.lost > 0) loss.holes = true;
        loss.lost += !there;
    }
    if (loss.lost > 0) loss.rpo_s = std::max(0.0, disaster_at - safe_until);
    return loss;
}

Value value_of(const Probe& probe) {
    Value value;
    value.set("at", probe.at).set("took_s", probe.took_s).set("good", probe.good);
    if (!probe.address.empty()) value.set("address", probe.address);
    if (!probe.problem.empty()) value.set("problem", probe.problem);
    return value;
}

Value value_of(const Mark& mark) { return Value().set("number", mark.number).set("at", mark.at); }

}  // namespace perilune
