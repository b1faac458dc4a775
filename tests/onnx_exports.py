# SPDX-License-Identifier: MIT
"""Convolutional networks as PyTorch and Keras export them: soma computes what onnxruntime does, to 1e-5 of the output's scale, or refuses what
REFUSED names. The networks are made here, with weights by chance; nothing is downloaded. Without the packages all is skipped, and says so.
Seen with torch 2.15, torchvision 0.29, keras 3.15, onnxscript 0.7 and onnxruntime 1.32: others may export other ops.

Usage: onnx_exports.py TOOL [--device=NAME] [--keep=FOLDER] [WORD...]
(tests/onnx_tool: TOOL run FILE SAMPLES DEVICE; WORD: of networks those whose names have one of the words; --keep: models stay in the folder,
and are not exported again)
"""
import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings

SAMPLES = 2
TOLERANCE = 1e-5  # of the largest output
REFUSED = {  # what the message has to say
    "pytorch dynamo: convnext_tiny": "computed of the size of the batch"}


# ------------------------------------------------------------------------------------------------------------- PyTorch

def torch_networks():
    """Name, module, shape of a sample."""
    import torch
    import torchvision
    from torch import nn
    from torch.nn import functional

    class Function(nn.Module):
        """Modules, and what to do with them."""
        def __init__(self, forward, **modules):
            super().__init__()
            for name, module in modules.items():
                setattr(self, name, module)
            self.what = forward

        def forward(self, x):
            return self.what(self, x)

    def conv(a, b, *more, **options):
        return nn.Sequential(nn.Conv2d(a, b, *more, bias=False, **options), nn.BatchNorm2d(b), nn.ReLU())

    yield "lenet", nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
                                 nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10), nn.Softmax(1)), (1, 28, 28)
    yield "vgg", nn.Sequential(conv(3, 8, 3, padding=1), conv(8, 8, 3, padding=1), nn.MaxPool2d(2), conv(8, 16, 3, padding=1), nn.MaxPool2d(2, ceil_mode=True),
                               nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, 10), nn.LogSoftmax(1)), (3, 28, 30)
    for name in ("resnet18", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1", "densenet121", "efficientnet_b0", "regnet_y_400mf",
                 "mnasnet0_5", "convnext_tiny"):
        yield name, lambda name=name: getattr(torchvision.models, name)(weights=None, num_classes=10), (3, 64, 64)
    for name, options in (("googlenet", {"aux_logits": False, "init_weights": False}), ("inception_v3", {"aux_logits": False, "init_weights": False})):
        yield name, lambda name=name, options=options: getattr(torchvision.models, name)(weights=None, num_classes=10, **options), (3, 96, 96)
    yield "fcn", lambda: Function(lambda self, x: self.net(x)["out"], net=torchvision.models.segmentation.fcn_resnet50(weights=None, weights_backbone=None, num_classes=3)), (3, 32, 40)
    yield "lraspp", lambda: Function(lambda self, x: self.net(x)["out"], net=torchvision.models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)), (3, 64, 64)
    yield "depthwise separable", nn.Sequential(conv(3, 8, 3, stride=2, padding=1), conv(8, 8, 3, padding=1, groups=8), conv(8, 16, 1), conv(16, 32, 3, padding=2, dilation=2, groups=16),
                                               nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4)), (3, 21, 19)

    def unet(up, **more):
        def forward(self, x):
            a = self.first(x)
            b = self.second(functional.max_pool2d(a, 2))
            c = self.third(functional.max_pool2d(b, 2))
            d = self.fourth(torch.cat([self.up(c), b], 1))
            return self.last(torch.cat([self.up2(d), a], 1))
        return Function(forward, first=conv(3, 4, 3, padding=1), second=conv(4, 8, 3, padding=1), third=conv(8, 8, 3, padding=1), fourth=conv(16, 4, 3, padding=1),
                        last=nn.Conv2d(8, 2, 1), up=up(8), up2=up(4), **more)

    yield "unet, transposed", unet(lambda c: nn.ConvTranspose2d(c, c, 2, stride=2)), (3, 16, 24)
    yield "unet, nearest", unet(lambda c: nn.Upsample(scale_factor=2)), (3, 16, 24)
    yield "unet, bilinear", unet(lambda c: nn.Upsample(scale_factor=2, mode="bilinear")), (3, 16, 24)
    yield "unet, corners", unet(lambda c: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)), (3, 16, 24)
    yield "by fractions", nn.Sequential(nn.Upsample(scale_factor=2.6), nn.Conv2d(2, 3, 3), nn.Upsample(scale_factor=0.6, mode="bilinear", align_corners=True)), (2, 5, 7)

    def unet_by_size(mode):
        def forward(self, x):
            a = self.first(x)
            b = self.second(functional.max_pool2d(a, 2))
            return self.last(functional.interpolate(b, size=a.shape[2:], mode=mode) + a)
        return Function(forward, first=conv(3, 4, 3, padding=1), second=conv(4, 4, 3, padding=1), last=nn.Conv2d(4, 2, 1))

    yield "to a size, nearest", unet_by_size("nearest"), (3, 17, 23)
    yield "to a size, exactly nearest", unet_by_size("nearest-exact"), (3, 17, 23)
    yield "to a size, bilinear", unet_by_size("bilinear"), (3, 17, 23)
    yield "to many sizes, bilinear", unet_by_size("bilinear"), (3, 97, 131)
    yield "transposed", nn.Sequential(nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.ConvTranspose2d(6, 4, 3, stride=3, output_padding=2, groups=2),
                                      nn.ReLU6(), nn.ConvTranspose2d(4, 2, 3, dilation=2, bias=False), nn.Tanh()), (4, 5, 6)
    yield "along time", nn.Sequential(nn.Conv1d(3, 8, 5, stride=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(3, 2, padding=1), nn.Conv1d(8, 8, 3, dilation=2, padding="same"),
                                      nn.SiLU(), nn.ConvTranspose1d(8, 4, 4, stride=2), nn.AdaptiveAvgPool1d(3), nn.Flatten(), nn.Linear(12, 5)), (3, 50)
    yield "in space", nn.Sequential(nn.Conv3d(2, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(4, 8, (1, 3, 3), padding=(0, 1, 1)), nn.ELU(),
                                    nn.AvgPool3d((1, 2, 2)), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 3)), (2, 6, 9, 8)
    yield "up in space", nn.Sequential(nn.Conv3d(2, 4, 3), nn.Upsample(scale_factor=2, mode="trilinear"), nn.ConvTranspose3d(4, 2, 2, stride=2), nn.InstanceNorm3d(2, affine=True)), (2, 5, 6, 4)
    for name, make in (("groupnorm", lambda c: nn.GroupNorm(2, c)), ("groupnorm of one", lambda c: nn.GroupNorm(1, c)), ("instancenorm", nn.InstanceNorm2d),
                       ("instancenorm affine", lambda c: nn.InstanceNorm2d(c, affine=True)), ("groupnorm without", lambda c: nn.GroupNorm(2, c, affine=False)),
                       ("batchnorm without", lambda c: nn.BatchNorm2d(c, affine=False))):
        yield name, nn.Sequential(nn.Conv2d(3, 8, 3), make(8), nn.GELU(), nn.Conv2d(8, 4, 3), make(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)), (3, 9, 11)
    yield "layernorm", nn.Sequential(nn.Conv2d(3, 8, 3), nn.LayerNorm([8, 7, 9]), nn.Flatten(2), nn.LayerNorm(63), nn.Flatten(), nn.Linear(504, 3)), (3, 9, 11)
    yield "rmsnorm", nn.Sequential(nn.Conv1d(3, 8, 3), nn.RMSNorm(9, eps=1e-5), nn.RMSNorm(9, eps=1e-3, elementwise_affine=False), nn.Flatten(), nn.Linear(72, 3)), (3, 11)

    def block(self, x):
        y = self.depthwise(x).permute(0, 2, 3, 1)
        return x + self.out(functional.gelu(self.inner(self.norm(y)))).permute(0, 3, 1, 2)

    yield "convnext's block", Function(block, depthwise=nn.Conv2d(6, 6, 7, padding=3, groups=6), norm=nn.LayerNorm(6, eps=1e-6), inner=nn.Linear(6, 24), out=nn.Linear(24, 6)), (6, 9, 8)
    for name, more in (("zeros", {}), ("reflect", {"padding_mode": "reflect"}), ("replicate", {"padding_mode": "replicate"}), ("circular", {"padding_mode": "circular"})):
        yield f"padding, {name}", nn.Sequential(nn.Conv2d(3, 4, 3, padding=(1, 2), **more), nn.ReLU(), nn.Conv2d(4, 2, 3, stride=2, padding=1, **more)), (3, 8, 9)
    yield "pads", nn.Sequential(nn.ZeroPad2d((1, 0, 2, 1)), nn.Conv2d(3, 4, 3), nn.ReflectionPad2d(2), nn.ConstantPad2d((1, 2, 0, 1), 0.5), nn.ReplicationPad2d((0, 1, 2, 3)),
                                nn.Conv2d(4, 2, 2), nn.ZeroPad2d(-1)), (3, 8, 9)
    yield "same", nn.Sequential(nn.Conv2d(3, 4, 4, padding="same"), nn.ReLU(), nn.Conv2d(4, 4, (3, 2), padding="same")), (3, 8, 9)
    for name, activation in (("Hardswish", nn.Hardswish()), ("Hardsigmoid", nn.Hardsigmoid()), ("Hardtanh", nn.Hardtanh(-2, 3)), ("ReLU6", nn.ReLU6()), ("SiLU", nn.SiLU()), ("Mish", nn.Mish()),
                             ("GELU", nn.GELU()), ("GELU tanh", nn.GELU("tanh")), ("ELU", nn.ELU(0.7)), ("CELU", nn.CELU(1.5)), ("SELU", nn.SELU()), ("PReLU", nn.PReLU(4)), ("PReLU of one", nn.PReLU()),
                             ("Softplus", nn.Softplus()), ("Softplus 2", nn.Softplus(2)), ("Softsign", nn.Softsign()), ("LogSigmoid", nn.LogSigmoid()), ("Tanhshrink", nn.Tanhshrink()),
                             ("Softshrink", nn.Softshrink()), ("Hardshrink", nn.Hardshrink()), ("GLU", nn.GLU(1)), ("LeakyReLU", nn.LeakyReLU()), ("RReLU", nn.RReLU()), ("Threshold", nn.Threshold(0.1, 0.5)),
                             ("Softmax2d", nn.Softmax2d()), ("Softmin", nn.Softmin(1)), ("LogSoftmax", nn.LogSoftmax(1)), ("ChannelShuffle", nn.ChannelShuffle(2)), ("LRN", nn.LocalResponseNorm(3)),
                             ("Dropout2d", nn.Dropout2d())):
        yield f"activation {name}", nn.Sequential(nn.Conv2d(2, 4, 3), activation, nn.Conv2d(2 if name == "GLU" else 4, 2, 2)), (2, 6, 7)
    for name, pool in (("max", nn.MaxPool2d(3, 2, 1)), ("max, ceil", nn.MaxPool2d(3, 2, ceil_mode=True)), ("max, dilation", nn.MaxPool2d(2, 1, dilation=(2, 3))), ("average", nn.AvgPool2d(3, 2, 1)),
                       ("average, not counted", nn.AvgPool2d(3, 2, 1, count_include_pad=False)), ("average, ceil", nn.AvgPool2d(3, 2, 1, ceil_mode=True)),
                       ("average, ceil, not counted", nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)), ("average, divisor", nn.AvgPool2d(2, divisor_override=3)),
                       ("adaptive", nn.AdaptiveAvgPool2d((2, 4))), ("adaptive, uneven", nn.AdaptiveAvgPool2d((3, 5))), ("adaptive, one", nn.AdaptiveAvgPool2d((None, 1))),
                       ("adaptive max", nn.AdaptiveMaxPool2d((2, 4))), ("global max", nn.AdaptiveMaxPool2d(1)), ("lp", nn.LPPool2d(2, 2))):
        yield f"pool, {name}", nn.Sequential(nn.Conv2d(2, 4, 3), pool, nn.Conv2d(4, 2, 1)), (2, 10, 10)
    yield "blocks of pixels", nn.Sequential(nn.Conv2d(2, 8, 3), nn.PixelShuffle(2), nn.Conv2d(2, 2, 3), nn.PixelUnshuffle(2), nn.Conv2d(8, 2, 1)), (2, 6, 8)
    yield "unflatten", nn.Sequential(nn.Linear(5, 48), nn.Unflatten(1, (3, 4, 4)), nn.ConvTranspose2d(3, 2, 2, stride=2), nn.Sigmoid()), (5,)
    for name, recurrent, what in (("lstm", nn.LSTM(4, 6, batch_first=True), lambda y, last: y), ("gru, both ways", nn.GRU(4, 6, batch_first=True, bidirectional=True), lambda y, last: y[:, -1]),
                                  ("lstm, two, last state", nn.LSTM(4, 6, 2, batch_first=True), lambda y, last: last[0][-1]), ("gru, last state", nn.GRU(4, 6, batch_first=True, bias=False), lambda y, last: last[-1]),
                                  ("rnn of relu", nn.RNN(4, 6, batch_first=True, nonlinearity="relu"), lambda y, last: y.mean(1))):
        yield f"recurrent, {name}", Function(lambda self, x, what=what: self.last(what(*self.recurrent(x))), recurrent=recurrent,
                                             last=nn.Linear(12 if recurrent.bidirectional else 6, 3)), (5, 4)
    def attend(query, memory, **options):
        def forward(self, x):
            mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), 1) if "causal" in options else None
            y, weights = self.attention(query(x), memory(x), memory(x), attn_mask=mask, key_padding_mask=x[:, :, 0] > 1 if "keys" in options else None,
                                        need_weights="weights" in options)
            return y if weights is None else torch.cat([y, weights], -1)
        return forward

    for name, options in (("", ()), (", causal", ("causal",)), (", of keys", ("keys",)), (", with weights", ("weights",)), (", causal, of keys, with weights", ("causal", "keys", "weights"))):
        yield f"attention{name}", Function(attend(lambda x: x, lambda x: x, **dict.fromkeys(options)), attention=nn.MultiheadAttention(12, 3, batch_first=True)), (7, 12)
    yield "attention, steps first", Function(lambda self, x: (lambda t: self.attention(t, t, t, need_weights=False)[0].transpose(0, 1))(x.transpose(0, 1)), attention=nn.MultiheadAttention(12, 3)), (7, 12)
    yield "attention, of others", Function(attend(lambda x: x[:, :3], lambda x: x[:, 3:]), attention=nn.MultiheadAttention(12, 3, batch_first=True)), (7, 12)
    for name, options in (("", {}), (", norm first", {"norm_first": True}), (", GELU", {"activation": "gelu"})):
        yield f"encoder{name}", Function(lambda self, x: self.layer(x), layer=nn.TransformerEncoderLayer(12, 3, 20, batch_first=True, **options)), (7, 12)
    yield "encoder, causal", Function(lambda self, x: self.layer(x, src_mask=nn.Transformer.generate_square_subsequent_mask(7), is_causal=True), layer=nn.TransformerEncoderLayer(12, 3, 20, batch_first=True)), (7, 12)
    yield "decoder", Function(lambda self, x: self.layer(x, x[:, 1:]), layer=nn.TransformerDecoderLayer(12, 3, 20, batch_first=True)), (7, 12)
    functions = {
        "view": lambda self, x: self.d(self.c(x).view(x.size(0), -1)),
        "view by sizes": lambda self, x: (lambda y: self.d(y.view(y.size(0), y.size(1) * y.size(2) * y.size(3))))(self.c(x)),
        "reshape": lambda self, x: self.d(self.c(x).reshape(-1, 4 * 6 * 6)),
        "flatten and back": lambda self, x: self.e(functional.relu(self.d(torch.flatten(self.c(x), 1))).view(-1, 5, 1, 1)),
        "mean": lambda self, x: self.c(x).mean([2, 3]),
        "mean, kept": lambda self, x: (lambda y: y * torch.sigmoid(y.mean((2, 3), keepdim=True)))(self.c(x)),
        "mean, from the end": lambda self, x: self.c(x).mean(-1).mean(-1),
        "largest": lambda self, x: self.c(x).amax((2, 3)),
        "mean and deviation": lambda self, x: (lambda y: torch.cat([y.mean((2, 3)), (y - y.mean((2, 3), keepdim=True)).pow(2).mean((2, 3)).sqrt()], 1))(self.c(x)),
        "channels attended": lambda self, x: (lambda y: y * torch.sigmoid(torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)[:, :1]))(self.c(x)),
        "chunks": lambda self, x: (lambda a, b: a * torch.sigmoid(b))(*self.c(x).chunk(2, 1)),
        "split": lambda self, x: (lambda a, b: torch.cat([b, a], 1))(*self.c(x).split([1, 3], 1)),
        "clamped": lambda self, x: self.c(x).clamp(-0.2, 0.3) + self.c(x).clamp(min=0),
        "cropped": lambda self, x: self.c(x)[:, :, 1:-1, 2:5],
        "every second": lambda self, x: self.c(x)[:, :, ::2, 1::2],
        "turned": lambda self, x: self.c(x).flip(3),
        "stacked": lambda self, x: torch.stack([self.c(x), self.c(x) * 2], 1).sum(1),
        "over time": lambda self, x: self.c(x).flatten(2).transpose(1, 2),
        "normalised": lambda self, x: functional.normalize(self.c(x), dim=1),
        "where": lambda self, x: (lambda y: torch.where(y > 0, y, y * 0.1))(self.c(x)),
        "scaled": lambda self, x: self.c((x - torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1)) / torch.tensor([0.2, 0.3, 0.25]).view(1, 3, 1, 1)),
        "weights of the shape": lambda self, x: self.c(x) + torch.ones(x.shape[0], 1, 6, 6),
        "expanded": lambda self, x: self.c(x) * x.mean((1, 2, 3), keepdim=True).expand(-1, 4, 6, 6),
        "interpolated twice": lambda self, x: functional.interpolate(functional.interpolate(self.c(x), scale_factor=0.5), scale_factor=3, mode="bilinear"),
        "bicubic": lambda self, x: functional.interpolate(self.c(x), scale_factor=2, mode="bicubic"),
        "pixels outside": lambda self, x: functional.pad(self.c(x), (1, 2, 0, 1), value=0.3),
        "repeated": lambda self, x: self.c(x).repeat(1, 2, 1, 1),
        "dropped": lambda self, x: functional.dropout(self.c(x), training=self.training),
        "squeezed": lambda self, x: functional.adaptive_avg_pool2d(self.c(x), 1).squeeze(-1).squeeze(-1),
        "two outputs added": lambda self, x: sum(self.c(x).unbind(1)),
        "a batch of windows": lambda self, x: functional.unfold(self.c(x), 2),
    }
    for name, what in functions.items():
        yield f"function {name}", Function(what, c=nn.Conv2d(3, 4, 3), d=nn.Linear(144, 5), e=nn.Conv2d(5, 2, 1)), (3, 8, 8)


def randomise(module):
    """Running figures, scales and offsets that a trained network might have; others would do nothing."""
    import torch
    for part in module.modules():
        for name, low, high in (("running_mean", -0.3, 0.3), ("running_var", 0.5, 1.5)):
            if getattr(part, name, None) is not None:
                getattr(part, name).uniform_(low, high)
        if "Norm" in type(part).__name__ and getattr(part, "weight", None) is not None:
            with torch.no_grad():
                part.weight.uniform_(0.5, 1.5)
                if getattr(part, "bias", None) is not None:
                    part.bias.uniform_(-0.3, 0.3)


def export_torch(module, shape, path, new):
    import torch
    x = torch.randn(SAMPLES, *shape)
    if new:
        torch.onnx.export(module, (x,), path, dynamo=True, dynamic_axes={"x": {0: "n"}}, input_names=["x"], verbose=False)
    else:
        torch.onnx.export(module, (x,), path, dynamo=False, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})


def pytorch(folder, words):
    import torch
    torch.manual_seed(1)
    for name, module, shape in torch_networks():
        if not any(word in f"pytorch {kind}: {name}" for word in words or [""] for kind in ("dynamo", "torchscript")):
            continue
        if not isinstance(module, torch.nn.Module):
            module = module()
        for kind in ("dynamo", "torchscript"):
            full = f"pytorch {kind}: {name}"
            if words and not any(word in full for word in words):
                continue
            module.eval()
            randomise(module)
            path = os.path.join(folder, full.replace(" ", "_").replace(":", "").replace(",", "") + ".onnx")
            yield full, path, (lambda module=module, shape=shape, path=path, kind=kind: export_torch(module, shape, path, kind == "dynamo"))


# --------------------------------------------------------------------------------------------------------------- Keras

def keras_networks():
    import keras
    from keras import layers

    def sequence(shape, *parts):
        return keras.Sequential([keras.Input(shape), *parts])

    yield "lenet", sequence((28, 28, 1), layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2), layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2),
                            layers.Flatten(), layers.Dense(120, activation="tanh"), layers.Dense(84, activation="tanh"), layers.Dense(10, activation="softmax"))
    yield "vgg", sequence((32, 30, 3), layers.Conv2D(8, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2),
                          layers.Conv2D(16, 3, strides=2, padding="same"), layers.BatchNormalization(), layers.Activation("relu"), layers.GlobalAveragePooling2D(), layers.Dropout(0.5),
                          layers.Dense(10, activation="softmax"))
    yield "depthwise separable", sequence((21, 19, 3), layers.SeparableConv2D(8, 3, padding="same", activation="relu"), layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
                                          layers.LeakyReLU(), layers.GlobalMaxPooling2D(), layers.Dense(4))
    yield "transposed", sequence((5, 6, 4), layers.Conv2DTranspose(6, 4, strides=2, padding="same", activation="relu"), layers.Conv2DTranspose(3, 3, strides=3), layers.UpSampling2D(2),
                                 layers.UpSampling2D(2, interpolation="bilinear"), layers.ZeroPadding2D(1), layers.Conv2D(2, 3), layers.Cropping2D(2))
    yield "along time", sequence((50, 3), layers.Conv1D(8, 5, strides=2, activation="silu"), layers.MaxPooling1D(2), layers.Conv1D(8, 3, padding="causal", dilation_rate=2), layers.BatchNormalization(),
                                 layers.SeparableConv1D(4, 3), layers.Conv1DTranspose(3, 4, strides=2), layers.UpSampling1D(2), layers.GlobalAveragePooling1D(), layers.Dense(3))
    yield "in space", sequence((6, 9, 8, 2), layers.Conv3D(4, 3, padding="same", activation="elu"), layers.MaxPooling3D(2), layers.Conv3D(6, 2), layers.AveragePooling3D(2, padding="same"),
                               layers.Flatten(), layers.Dense(3))
    yield "norms", sequence((9, 10, 4), layers.Conv2D(8, 3), layers.GroupNormalization(2), layers.Activation("gelu"), layers.LayerNormalization(), layers.Conv2D(4, 3), layers.GroupNormalization(-1),
                            layers.RMSNormalization(), layers.UnitNormalization(), layers.Flatten(), layers.Dense(3))
    yield "activations", sequence((9, 10, 4), layers.Conv2D(8, 3, activation="relu6"), layers.PReLU(shared_axes=[1, 2]), layers.Conv2D(6, 3, activation="hard_silu"), layers.ELU(0.5), layers.Conv2D(6, 1, activation="hard_sigmoid"),
                                  layers.Conv2D(6, 1, activation="mish"), layers.Conv2D(6, 1, activation="selu"), layers.Conv2D(6, 1, activation="softplus"), layers.Conv2D(6, 1, activation="softsign"),
                                  layers.ReLU(max_value=3, negative_slope=0.1, threshold=0.1), layers.Softmax())
    yield "same pools", sequence((9, 10, 4), layers.MaxPooling2D(3, strides=2, padding="same"), layers.AveragePooling2D(2, strides=2, padding="same"), layers.Rescaling(0.5, 0.1), layers.Reshape((3, 12)), layers.Permute((2, 1)),
                                 layers.Flatten(), layers.Dense(3))
    for name, layer in (("lstm", layers.LSTM(6, return_sequences=True)), ("gru", layers.GRU(6)), ("lstm, both ways", layers.Bidirectional(layers.LSTM(4)))):
        yield f"recurrent, {name}", sequence((5, 4), layer, layers.Dense(3))
    x = keras.Input((16, 16, 3))
    y = layers.Conv2D(8, 3, padding="same")(x)
    z = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(layers.ReLU()(y)))
    y = layers.Add()([y, z])
    w = layers.Multiply()([y, layers.Reshape((1, 1, 8))(layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D()(y)))])
    y = layers.Concatenate()([layers.UpSampling2D()(layers.MaxPooling2D(2)(w)), y])
    yield "functional", keras.Model(x, layers.Conv2D(2, 1, activation="sigmoid")(y))
    for name in ("MobileNetV2", "MobileNetV3Small", "DenseNet121", "ResNet50V2", "EfficientNetB0", "Xception", "ConvNeXtTiny"):
        yield name, lambda name=name: getattr(keras.applications, name)(weights=None, input_shape=(96, 96, 3) if name == "Xception" else (64, 64, 3), classes=10)


def randomise_keras(model):
    import numpy
    generator = numpy.random.default_rng(1)
    for variable in model.weights:
        ranges = {"moving_mean": (-0.3, 0.3), "moving_variance": (0.5, 1.5), "gamma": (0.5, 1.5), "beta": (-0.3, 0.3)}
        if variable.name in ranges:
            variable.assign(generator.uniform(*ranges[variable.name], variable.shape).astype(numpy.float32))


def keras(folder, words):
    import keras as keras_package
    import numpy
    for name, model in keras_networks():
        full = f"keras: {name}"
        if words and not any(word in full for word in words):
            continue
        if not isinstance(model, keras_package.Model):
            model = model()
        model(numpy.zeros((1, *model.input_shape[1:]), numpy.float32))  # without which there is nothing to export
        randomise_keras(model)
        path = os.path.join(folder, full.replace(" ", "_").replace(":", "") + ".onnx")
        yield full, path, lambda model=model, path=path: model.export(path, format="onnx", verbose=False)


# ----------------------------------------------------------------------------------------------------------- comparing

def expected_of(path):
    """Inputs as soma takes them, and what onnxruntime makes of them."""
    import numpy
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    value = session.get_inputs()[0]
    shape = [SAMPLES if i == 0 else size for i, size in enumerate(value.shape)]
    x = numpy.random.default_rng(1).normal(size=shape).astype(numpy.float32)
    return x, session.run(None, {value.name: x})[0]


def compare(tool, path, device, x, y):
    import numpy
    text = "\n".join(repr(float(number)) for number in x.ravel())
    done = subprocess.run([tool, "run", path, str(len(x)), device], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip() or f"soma ended with {done.returncode}"
    found = numpy.array(done.stdout.split(), numpy.float64)
    if found.size != y.size:
        return f"{found.size} numbers, expected {y.size}"
    scale = float(abs(y).max()) or 1.0
    off = float(abs(found - y.ravel()).max()) / scale
    return "" if off <= TOLERANCE else f"off by {off:.2g} of the largest output"


def judge(name, trouble):
    """What is wrong with that; what is in REFUSED has to be refused, for that reason."""
    word = REFUSED.get(name)
    if not word:
        return trouble
    if not trouble:
        return "it runs: take it off REFUSED"
    return "" if word in trouble else trouble


@contextlib.contextmanager
def silence():
    """Exporters say much, some of it not by way of Python."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in enumerate(kept, 1):
                os.dup2(copy, number)
                os.close(copy)


def main():
    tool, words, device, keep = sys.argv[1], [], "cpu", None
    for word in sys.argv[2:]:
        if word.startswith("--device="):
            device = word.split("=", 1)[1]
        elif word.startswith("--keep="):
            keep = word.split("=", 1)[1]
        else:
            words.append(word)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    warnings.simplefilter("ignore")
    ran = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = keep or folder
        for make, needed in ((pytorch, ["numpy", "onnx", "onnxruntime", "torch", "torchvision", "onnxscript"]), (keras, ["numpy", "onnx", "onnxruntime", "torch", "keras", "onnxscript"])):
            missing = [package for package in needed if importlib.util.find_spec(package) is None]
            if missing:
                print(f"skipped: {make.__name__}: not installed: {', '.join(missing)}")
                continue
            for name, path, export in make(folder, words):
                try:
                    if not (keep and os.path.exists(path)):
                        with silence():
                            export()
                except Exception as error:  # pylint: disable=broad-except
                    print(f"not exported: {name}: {str(error).splitlines()[0] if str(error) else error!r}", flush=True)
                    continue
                try:
                    x, y = expected_of(path)
                except Exception as error:  # pylint: disable=broad-except
                    print(f"not in onnxruntime: {name}: {str(error).splitlines()[0]}", flush=True)
                    continue
                trouble = judge(name, compare(tool, path, device, x, y))
                ran, failed = ran + 1, failed + bool(trouble)
                print(f"{'failed' if trouble else 'right'}: {name}{': ' if trouble else ''}{trouble}", flush=True)
    print(f"{ran - failed} right, {failed} wrong")
    return 1 if failed else 0 if ran else 77


if __name__ == "__main__":
    sys.exit(main())
