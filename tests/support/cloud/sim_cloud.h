// A simulated cloud in this process, and a node of it whose calls and commits can be killed.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "agent/duties.h"
#include "common/cloud/client.h"
#include "common/cloud/credentials.h"
#include "common/ipam/store.h"
#include "sim/gateway.h"
#include "sim/metadata_service.h"
#include "sim/sim_transport.h"
#include "sim/world.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

using Millis = std::chrono::milliseconds;

// What a kill looks like from inside the process that dies: nothing after it happens.
struct Killed {
  std::string where;
};

// Dies at the nth of the points that a duty passes.
class KillPoints {
 public:
  void arm(int nth) { left_ = nth; }
  void disarm() { left_ = 0; }
  void pass(const char* where) {
    if (left_ > 0 && --left_ == 0) {
      throw Killed{where};
    }
  }

 private:
  int left_ = 0;
};

class SimCloud {
 public:
  explicit SimCloud(const sim::Scene& scene);

  sim::World& world() { return *world_; }
  sim::Gateway& gateway() { return gateway_; }
  sim::MetadataService& metadata() { return metadata_; }
  cloud::Credentials credentials() const;

 private:
  std::unique_ptr<sim::World> world_;
  sim::Gateway gateway_;
  sim::MetadataService metadata_;
};

class FixedKeys : public cloud::CredentialSource {
 public:
  explicit FixedKeys(cloud::Credentials keys) : keys_(std::move(keys)) {}
  base::Result<cloud::Credentials> get() override { return keys_; }
  void reject(const cloud::Credentials&) override {}

 private:
  cloud::Credentials keys_;
};

// Dies before and after exchanges.
class MortalTransport : public cloud::Transport {
 public:
  MortalTransport(cloud::Transport& real, KillPoints& points) : real_(real), points_(points) {}
  base::Result<cloud::HttpResponse> exchange(const cloud::HttpRequest& request) override {
    points_.pass("before a request");
    base::Result<cloud::HttpResponse> response = real_.exchange(request);
    points_.pass("after a request");
    return response;
  }

 private:
  cloud::Transport& real_;
  KillPoints& points_;
};

// Dies in waits.
class MortalPace : public cloud::Pace {
 public:
  MortalPace(cloud::Pace& real, KillPoints& points) : real_(real), points_(points) {}
  std::chrono::system_clock::time_point wall() const override { return real_.wall(); }
  Millis elapsed() const override { return real_.elapsed(); }
  void sleep(Millis time) override {
    points_.pass("in a wait");
    real_.sleep(time);
  }

 private:
  cloud::Pace& real_;
  KillPoints& points_;
};

// The store's clock: reading it is the first thing a transaction does once it has the lock, and
// again when it stages a record.
class MortalClock : public base::Clock {
 public:
  MortalClock(cloud::Pace& pace, KillPoints& points) : pace_(pace), points_(points) {}
  std::chrono::nanoseconds since_boot() const override {
    points_.pass("in a transaction");
    return pace_.elapsed();
  }
  std::chrono::system_clock::time_point wall() const override {
    points_.pass("in a transaction, before its commit");
    return pace_.wall();
  }

 private:
  cloud::Pace& pace_;
  KillPoints& points_;
};

agent::Settings settings_of(const sim::Scene& scene, const sim::SceneInstance& instance,
                            std::uint64_t seed);

}  // namespace catena::test
