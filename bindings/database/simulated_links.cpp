// Which servers of a simulated world reach each other, and how far replicas follow.
#include <algorithm>

#include "bindings/database/simulated_server.h"
#include "interpreter/base/loop.h"

namespace perilune {

bool SimulatedServer::links() const {
    return answers_ && !isolated_ && !absent_ && fenced_ != "network" && fenced_ != "stop";
}

bool SimulatedServer::connected() const { return primary_ && links() && primary_->links(); }

void SimulatedServer::settle() {
    for (SimulatedServer* replica : replicas_) {
        replica->settle();
        replica->replayed_ = replica->now();
        if (replica->connected()) replica->known_end_bytes_ = now().written_bytes;
    }
    if (!primary_) return;
    replayed_ = now();
    if (connected()) known_end_bytes_ = primary_->now().written_bytes;
}

double SimulatedServer::behind_bytes() const {
    if (!primary_) return 0;
    const double end = connected() ? primary_->now().written_bytes : known_end_bytes_;
    return std::max(0.0, end - now().written_bytes);
}

void SimulatedServer::set_answers(bool answers) {
    settle();
    answers_ = answers;
    if (!answers) sessions.clear();
}

void SimulatedServer::set_isolated(bool isolated) {
    settle();
    isolated_ = isolated;
}

void SimulatedServer::set_fenced(const std::string& how) {
    settle();
    fenced_ = how;
    if (refusal_to_clients()) sessions.clear();
}

void SimulatedServer::follow(std::shared_ptr<SimulatedServer> primary, double behind_s) {
    settle();
    if (primary_) std::erase(primary_->replicas_, this);
    replayed_ = primary->now();
    known_end_bytes_ = replayed_.written_bytes;
    damage_.reset();
    absent_ = false;
    primary_ = std::move(primary);
    behind_s_ = behind_s;
    primary_->replicas_.push_back(this);
}

// It goes on from what it has replayed: a history of its own.
void SimulatedServer::promote() {
    settle();
    if (!primary_) return;
    timeline_ = primary_->timeline() + 1;
    std::erase(primary_->replicas_, this);
    primary_ = nullptr;
    history_.clear();
    DatabaseCommit first = replayed_;
    first.at_s = wall_now_s();
    history_.push_back(std::move(first));
}

}  // namespace perilune
