// The node's side of the cloud, found when a duty first needs it and kept for those that follow.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "agent/node.h"

namespace catena::agent {

// Thread-safe.
class Nodes {
 public:
  explicit Nodes(NodeOptions options) : options_(std::move(options)) {}

  const NodeOptions& options() const { return options_; }
  const std::string& state_dir() const { return options_.state_dir; }
  // As Node::open, and again once eni.conf is another file. A file that can't be used leaves what
  // was found before in force; a failure is not kept.
  base::Result<std::shared_ptr<Node>> get();
  // Why eni.conf as it was read last is not in force; empty: it is.
  std::string refused();
  // What get() found last; null before that. Does not wait.
  std::shared_ptr<Node> known();
  // Whether `notice` was not given to this before, since the last forget(): what stands in eni.conf
  // is told once, not with every duty.
  bool is_news(const std::string& notice);
  // eni.conf is read anew by the next get(), and told of anew. Duties that run go on with what they
  // have.
  void forget();

 private:
  NodeOptions options_;
  std::mutex opening_;
  std::mutex mutex_;  // of what follows
  std::shared_ptr<Node> node_;
  std::string conf_mark_;  // of the eni.conf that node_ has read
  std::string refused_;
  std::string refused_mark_;  // of the eni.conf that is refused for what it says
  std::set<std::string> told_;
};

}  // namespace catena::agent
