#include "agent/nodes.h"

namespace catena::agent {

base::Result<std::shared_ptr<Node>> Nodes::get() {
  const std::scoped_lock one_at_a_time(opening_);
  {
    const std::scoped_lock lock(mutex_);
    if (node_ != nullptr) {
      return node_;
    }
  }
  auto node = std::make_shared<Node>(TRY(Node::open(options_)));
  const std::scoped_lock lock(mutex_);
  node_ = node;
  return node;
}

std::shared_ptr<Node> Nodes::known() {
  const std::scoped_lock lock(mutex_);
  return node_;
}

bool Nodes::is_news(const std::string& notice) {
  const std::scoped_lock lock(mutex_);
  return told_.insert(notice).second;
}

void Nodes::forget() {
  const std::scoped_lock lock(mutex_);
  node_.reset();
  told_.clear();
}

}  // namespace catena::agent
