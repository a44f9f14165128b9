// A simulated site: what it answers to which request, and what it was asked.
#pragma once

#include <deque>
#include <map>

#include "interpreter/base/http_client.h"
#include "interpreter/base/simulated_service.h"
#include "interpreter/base/simulation.h"

namespace perilune {

// What a site answers to requests of one path, for some of them or from now on.
struct SimulatedAnswer {
    std::string method;  // Empty: any.
    std::string path;    // "/health"; "/api/*" for all below; "*" for every one.
    int status = 200;
    Map headers = {};
    std::string body = {};
    double after_s = 0;  // So long until it is given.
    int times = -1;      // So many requests get it; negative: all from now on.
    std::string
        fails;  // A transport's failure in place of an answer: "refused", "connection_lost".
};

// One request that reached the site.
struct SimulatedRequest {
    double at = 0;
    std::string method;
    std::string path;  // Without its query, which may hold a secret.
    int status = 0;    // 0: no answer.
};

class SimulatedSite {
public:
    SimulatedSite(const Settings& settings, SimulatedWorld& world);

    // Takes a request and says what comes back; it is the caller's to wait `after_s`.
    struct Exchange {
        Result<HttpAnswer> answer;
        double after_s = 0;
    };
    Exchange take(const HttpRequest& request);

    Status add_answer(const Value& arguments);
    void forget_answers() { answers_.clear(); }
    // Puts it in front of a target of the world that serves; an empty name: of none.
    Status set_behind(const std::string& target);
    Status set_certificate(const Value& arguments);
    Value look() const;

    const std::string& base() const { return base_; }
    double takes_s = 0.02;

private:
    std::string path_of(const std::string& url) const;
    SimulatedAnswer* find_answer(const std::string& method, const std::string& path);
    // What stands behind it; null where there is none, or none that is meant.
    SimulatedService* behind() const;
    SimulatedAnswer answer_of_service(const std::string& method);
    Status check_certificate() const;

    SimulatedWorld& world_;
    std::string name_;
    std::string base_;
    std::string host_;
    bool told_behind_ = false;
    std::string behind_;
    HttpCertificate certificate_;
    std::deque<SimulatedAnswer> answers_;
    std::map<std::string, SimulatedAnswer> by_key_;  // Of requests with an idempotency key.
    std::vector<SimulatedRequest> requests_;
    std::map<std::string, double> by_path_;
    std::map<std::string, double> executed_;  // "POST /orders": so many took effect.
};

}  // namespace perilune
