// SPDX-License-Identifier: MIT
// soma inside a C++ program: ownership by unique_ptr, errors as exceptions, vectors in and out.
//
// Usage: embed [--device=NAME]
//
// The data are three clouds of points in the plane; the class is the cloud that a point was drawn from.
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <soma/soma.h>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

class error : public std::runtime_error {
  public:
    explicit error(soma_status status) : std::runtime_error(soma_last_error()), status_(status) {}
    soma_status status() const { return status_; }

  private:
    soma_status status_;
};

void check(soma_status status) {
    if (status != SOMA_OK) throw error(status);
}

template <auto destroy> struct deleter {
    template <typename T> void operator()(T *object) const { destroy(object); }
};
using device_pointer = std::unique_ptr<soma_device, deleter<soma_device_close>>;
using network_pointer = std::unique_ptr<soma_network, deleter<soma_network_destroy>>;
using dataset_pointer = std::unique_ptr<soma_dataset, deleter<soma_dataset_destroy>>;

struct samples {
    std::vector<float> points; // two per sample
    std::vector<std::int32_t> classes;
};

samples draw_clouds(std::size_t count, std::mt19937 &random) {
    constexpr float centre[][2] = {{0.0f, 1.0f}, {-0.9f, -0.5f}, {0.9f, -0.5f}};
    samples drawn;
    for (std::size_t i = 0; i < count; i++) {
        const std::size_t cloud = i % 3;
        for (std::size_t axis = 0; axis < 2; axis++) {
            // A sum of uniform numbers, since std::normal_distribution differs between standard libraries.
            float offset = 0;
            for (int j = 0; j < 4; j++) offset += static_cast<float>(random()) / 4294967296.0f - 0.5f;
            drawn.points.push_back(centre[cloud][axis] + 0.5f * offset);
        }
        drawn.classes.push_back(static_cast<std::int32_t>(cloud));
    }
    return drawn;
}

// A network that tells points of the plane apart. The device must outlive it.
class classifier {
  public:
    classifier(soma_device *device, std::size_t classes) {
        soma_network *network = nullptr;
        check(soma_network_create(&network));
        network_.reset(network);

        const std::size_t shape[] = {2};
        soma_tensor *input = soma_input(network, "point", 1, shape);
        soma_dense(soma_dense(input, 32, SOMA_RELU), classes, SOMA_SOFTMAX);
        soma_compile_options options{};
        options.optimizer.kind = SOMA_ADAM;
        check(soma_compile(network, device, &options));
    }

    void fit(const samples &known) {
        const dataset_pointer dataset = borrow(known);
        soma_fit_options options{};
        options.epochs = 20;
        check(soma_fit(network_.get(), dataset.get(), &options, nullptr));
    }

    double accuracy(const samples &unseen) const {
        const dataset_pointer dataset = borrow(unseen);
        soma_metrics metrics{};
        check(soma_evaluate(network_.get(), dataset.get(), 0, &metrics));
        return metrics.metric[0];
    }

    // Asks for three dimensions where the network takes two: shows what an error looks like.
    void misuse() const {
        const float values[3] = {};
        soma_array array{};
        array.data = values;
        array.dtype = SOMA_F32;
        array.rank = 2;
        array.shape[0] = 1;
        array.shape[1] = 3;
        soma_dataset *dataset = nullptr;
        check(soma_dataset_from_arrays(&array, 1, nullptr, 0, &dataset));
        const dataset_pointer owner(dataset);
        std::int32_t answer = 0;
        check(soma_predict_classes(network_.get(), dataset, 0, &answer));
    }

  private:
    // A data set over the vectors, which it does not copy: they must outlive it.
    static dataset_pointer borrow(const samples &set) {
        soma_array points{}, classes{};
        points.data = set.points.data();
        points.dtype = SOMA_F32;
        points.rank = 2;
        points.shape[0] = set.classes.size();
        points.shape[1] = 2;
        classes.data = set.classes.data();
        classes.dtype = SOMA_I32;
        classes.rank = 1;
        classes.shape[0] = set.classes.size();
        soma_dataset *dataset = nullptr;
        check(soma_dataset_from_arrays(&points, 1, &classes, 1, &dataset));
        return dataset_pointer(dataset);
    }

    network_pointer network_;
};

} // namespace

int main(int argc, char **argv) {
    const std::string_view option = argc > 1 ? argv[1] : "";
    const char *device_name = option.substr(0, 9) == "--device=" ? argv[1] + 9 : nullptr;
    try {
        soma_device *opened = nullptr;
        check(soma_device_open(device_name, nullptr, &opened));
        const device_pointer device(opened);

        std::mt19937 random(1);
        const samples known = draw_clouds(900, random), unseen = draw_clouds(300, random);
        classifier clouds(device.get(), 3);
        clouds.fit(known);
        const double accuracy = clouds.accuracy(unseen);
        std::printf("%.1f %% of the unseen points are told apart\n", 100 * accuracy);

        try {
            clouds.misuse();
            return 1;
        } catch (const error &expected) {
            std::printf("an error on purpose, %s: %s\n", soma_status_name(expected.status()), expected.what());
        }
        return accuracy > 0.95 ? 0 : 1;
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        return 1;
    }
}
