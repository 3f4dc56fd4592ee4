#include "search/controller.h"

#include <cmath>

namespace Atoll {
namespace {

using Eigen::MatrixXf;

constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;  // Adam's usual ones

MatrixXf random_matrix(Eigen::Index rows, Eigen::Index columns, float deviation, Rng& rng) {
  MatrixXf m(rows, columns);
  for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = deviation * static_cast<float>(rng.normal());
  return m;
}

MatrixXf sigmoid(const MatrixXf& x) { return (1 + (-x.array()).exp()).inverse().matrix(); }

}  // namespace

struct Controller::State {
  MatrixXf joined;                  // [input; previous h]
  MatrixXf in, forget, out, fresh;  // gates, after their nonlinearity
  MatrixXf previous_c, c, tanh_c, h;
};

Controller::Controller(const std::vector<Decision>& decisions, int hidden, int embedding, Rng& rng)
    : hidden_(hidden), embedding_(embedding) {
  int columns = 1;
  for (const Decision& decision : decisions) {
    first_.push_back(columns);
    columns += static_cast<int>(decision.choices.size());
  }
  parameters_.push_back(random_matrix(embedding, columns, 0.1f, rng));
  parameters_.push_back(random_matrix(4 * hidden, embedding + hidden, 0.1f, rng));
  parameters_.push_back(MatrixXf::Zero(4 * hidden, 1));
  parameters_[2].middleRows(hidden, hidden).setOnes();  // remember, to begin with
  for (const Decision& decision : decisions) {
    const auto choices = static_cast<Eigen::Index>(decision.choices.size());
    parameters_.push_back(random_matrix(choices, hidden, 0.01f, rng));  // nearly uniform, to begin with
    parameters_.push_back(MatrixXf::Zero(choices, 1));
  }
  for (const MatrixXf& parameter : parameters_) {
    mean_.push_back(MatrixXf::Zero(parameter.rows(), parameter.cols()));
    square_.push_back(mean_.back());
  }
}

MatrixXf Controller::input_of(std::size_t decision, const std::vector<Genotype>& batch) const {
  MatrixXf input(embedding_, static_cast<Eigen::Index>(batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i)
    input.col(static_cast<Eigen::Index>(i)) =
        parameters_[0].col(decision == 0 ? 0 : first_[decision - 1] + batch[i][decision - 1]);
  return input;
}

Controller::State Controller::advance(const MatrixXf& input, const MatrixXf& h, const MatrixXf& c) const {
  State s;
  s.joined.resize(embedding_ + hidden_, input.cols());
  s.joined << input, h;
  MatrixXf gates = parameters_[1] * s.joined;
  gates.colwise() += parameters_[2].col(0);
  s.in = sigmoid(gates.topRows(hidden_));
  s.forget = sigmoid(gates.middleRows(hidden_, hidden_));
  s.out = sigmoid(gates.middleRows(2 * hidden_, hidden_));
  s.fresh = gates.bottomRows(hidden_).array().tanh().matrix();
  s.previous_c = c;
  s.c = s.forget.cwiseProduct(c) + s.in.cwiseProduct(s.fresh);
  s.tanh_c = s.c.array().tanh().matrix();
  s.h = s.out.cwiseProduct(s.tanh_c);
  return s;
}

MatrixXf Controller::probabilities(std::size_t decision, const MatrixXf& h) const {
  MatrixXf logits = parameters_[3 + 2 * decision] * h;
  logits.colwise() += parameters_[4 + 2 * decision].col(0);
  for (Eigen::Index i = 0; i < logits.cols(); ++i) {
    logits.col(i).array() -= logits.col(i).maxCoeff();
    logits.col(i) = logits.col(i).array().exp();
    logits.col(i) /= logits.col(i).sum();
  }
  return logits;
}

std::vector<Genotype> Controller::sample(int count, Rng& rng) const {
  std::vector<Genotype> batch(static_cast<std::size_t>(count), Genotype(first_.size(), 0));
  MatrixXf h = MatrixXf::Zero(hidden_, count), c = h;
  for (std::size_t d = 0; d < first_.size(); ++d) {
    const State s = advance(input_of(d, batch), h, c);
    h = s.h;
    c = s.c;
    const MatrixXf p = probabilities(d, h);
    for (Eigen::Index i = 0; i < p.cols(); ++i) {
      double rest = rng.uniform();
      int choice = 0;
      while (choice + 1 < p.rows() && rest >= static_cast<double>(p(choice, i)))
        rest -= static_cast<double>(p(choice++, i));
      batch[static_cast<std::size_t>(i)][d] = choice;
    }
  }
  return batch;
}

Controller::Policy Controller::policy(const std::vector<Genotype>& batch) const {
  Policy policy;
  MatrixXf h = MatrixXf::Zero(hidden_, static_cast<Eigen::Index>(batch.size())), c = h;
  for (std::size_t d = 0; d < first_.size(); ++d) {
    const State s = advance(input_of(d, batch), h, c);
    h = s.h;
    c = s.c;
    policy.push_back(probabilities(d, h));
  }
  return policy;
}

void Controller::step(const std::vector<Genotype>& batch, float learning_rate,
                      const std::function<Policy(const Policy&)>& gradient) {
  const auto n = static_cast<Eigen::Index>(batch.size());
  std::vector<State> states;
  Policy policy;
  MatrixXf h = MatrixXf::Zero(hidden_, n), c = h;
  for (std::size_t d = 0; d < first_.size(); ++d) {
    states.push_back(advance(input_of(d, batch), h, c));
    h = states.back().h;
    c = states.back().c;
    policy.push_back(probabilities(d, h));
  }
  const Policy logit_gradients = gradient(policy);

  std::vector<MatrixXf> gradients;
  for (const MatrixXf& parameter : parameters_) gradients.push_back(MatrixXf::Zero(parameter.rows(), parameter.cols()));
  MatrixXf h_gradient = MatrixXf::Zero(hidden_, n), c_gradient = h_gradient;
  for (std::size_t d = first_.size(); d-- > 0;) {
    const State& s = states[d];
    gradients[3 + 2 * d] = logit_gradients[d] * s.h.transpose();
    gradients[4 + 2 * d] = logit_gradients[d].rowwise().sum();
    h_gradient += parameters_[3 + 2 * d].transpose() * logit_gradients[d];
    c_gradient.array() += h_gradient.array() * s.out.array() * (1 - s.tanh_c.array().square());
    MatrixXf gates(4 * hidden_, n);
    gates.topRows(hidden_) = c_gradient.array() * s.fresh.array() * s.in.array() * (1 - s.in.array());
    gates.middleRows(hidden_, hidden_) =
        c_gradient.array() * s.previous_c.array() * s.forget.array() * (1 - s.forget.array());
    gates.middleRows(2 * hidden_, hidden_) =
        h_gradient.array() * s.tanh_c.array() * s.out.array() * (1 - s.out.array());
    gates.bottomRows(hidden_) = c_gradient.array() * s.in.array() * (1 - s.fresh.array().square());
    gradients[1] += gates * s.joined.transpose();
    gradients[2] += gates.rowwise().sum();
    const MatrixXf joined_gradient = parameters_[1].transpose() * gates;
    for (Eigen::Index i = 0; i < n; ++i) {
      const int column = d == 0 ? 0 : first_[d - 1] + batch[static_cast<std::size_t>(i)][d - 1];
      gradients[0].col(column) += joined_gradient.col(i).head(embedding_);
    }
    h_gradient = joined_gradient.bottomRows(hidden_);
    c_gradient = c_gradient.cwiseProduct(s.forget).eval();
  }

  ++steps_;
  const float scale1 = 1 / (1 - std::pow(kBeta1, static_cast<float>(steps_)));
  const float scale2 = 1 / (1 - std::pow(kBeta2, static_cast<float>(steps_)));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    mean_[i] = kBeta1 * mean_[i] + (1 - kBeta1) * gradients[i];
    square_[i] = kBeta2 * square_[i] + (1 - kBeta2) * gradients[i].cwiseAbs2();
    parameters_[i].array() -=
        learning_rate * scale1 * mean_[i].array() / ((scale2 * square_[i].array()).sqrt() + kEpsilon);
  }
}

}  // namespace Atoll
