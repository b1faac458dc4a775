# SPDX-License-Identifier: MIT
# Made by python/tests/make_stubs.py.
from collections.abc import Sequence
from typing import Any

class Node:
    layer: Layer | None
    parents: list[Node]
    def __add__(self, other: Node) -> Node: ...
    def __sub__(self, other: Node) -> Node: ...
    def __mul__(self, other: Node) -> Node: ...
    def __truediv__(self, other: Node) -> Node: ...

class Layer:
    name: str | None
    input_shape: Sequence[int] | None
    arguments: dict[str, Any]
    trainable: bool
    def __call__(self, x: Node) -> Node: ...
    def text(self, shape: tuple[int, ...]) -> str: ...

class Input(Node):
    shape: tuple[int, ...]
    name: str | None
    def __init__(self, shape: int | Sequence[int], name: str | None = None) -> None: ...

class Text(Layer):
    def __init__(self, text: str, name: str | None = None) -> None: ...

class Residual(Layer):
    def __init__(self, layers: Sequence[Layer | str], shortcut: Sequence[Layer | str] | None = None,
                 name: str | None = None) -> None: ...

class Bidirectional(Layer):
    def __init__(self, layer: Layer, merge_mode: str = 'concat', name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...

class TimeDistributed(Layer):
    def __init__(self, layer: Layer | str | Sequence[Layer | str] | Any, name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...

class RepeatVector(Layer):
    def __init__(self, n: int, name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...

class Rescaling(Layer):
    def __init__(self, scale: Any, offset: Any = 0.0, name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...

class Normalization(Layer):
    mean: list[float] | None
    variance: list[float] | None
    def __init__(self, axis: int | None = -1, mean: Any = None, variance: Any = None, invert: bool = False, name: str | None = None,
                 input_shape: Sequence[int] | None = None) -> None: ...
    def adapt(self, data: Any) -> None: ...

class Merge(Layer):
    def __init__(self, name: str | None = None) -> None: ...
    def __call__(self, xs: Sequence[Node]) -> Node: ...  # type: ignore[override]

class Concatenate(Merge):
    def __init__(self, axis: int = -1, name: str | None = None) -> None: ...

class Mask(Merge): ...

class Add(Merge): ...

class Subtract(Merge): ...

class Multiply(Merge): ...

class Divide(Merge): ...

class Maximum(Merge): ...

class Minimum(Merge): ...

class Average(Merge): ...

def concatenate(inputs: Sequence[Node], axis: int = -1) -> Node: ...
def add(inputs: Sequence[Node]) -> Node: ...
def subtract(inputs: Sequence[Node]) -> Node: ...
def multiply(inputs: Sequence[Node]) -> Node: ...
def maximum(inputs: Sequence[Node]) -> Node: ...
def minimum(inputs: Sequence[Node]) -> Node: ...
def average(inputs: Sequence[Node]) -> Node: ...

class Dense(Layer):
    def __init__(self, units: int, activation: str | Layer | None = None, use_bias: bool = True, kernel_initializer: str | None = None, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Dropout(Layer):
    def __init__(self, rate: float, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class SpatialDropout(Layer):
    def __init__(self, rate: float, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Flatten(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Reshape(Layer):
    def __init__(self, target_shape: Sequence[int], *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Embedding(Layer):
    def __init__(self, input_dim: int, output_dim: int, *, padding_idx: int | None = None, embeddings_initializer: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class SimpleRNN(Layer):
    def __init__(self, units: int, *, return_sequences: bool = False, bidirectional: bool = False, go_backwards: bool = False, activation: str | Layer | None = None, use_bias: bool = True, kernel_initializer: str | None = None, truncate: int | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class LSTM(Layer):
    def __init__(self, units: int, *, return_sequences: bool = False, bidirectional: bool = False, go_backwards: bool = False, use_bias: bool = True, kernel_initializer: str | None = None, truncate: int | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class GRU(Layer):
    def __init__(self, units: int, *, return_sequences: bool = False, bidirectional: bool = False, go_backwards: bool = False, reset_after: bool = True, use_bias: bool = True, kernel_initializer: str | None = None, truncate: int | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class MultiHeadAttention(Layer):
    def __init__(self, num_heads: int, *, num_kv_heads: int | None = None, key_dim: int | None = None, causal: bool = False, rotary: bool = False, use_bias: bool = True, kernel_initializer: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Transformer(Layer):
    def __init__(self, num_heads: int, *, intermediate_dim: int | None = None, num_kv_heads: int | None = None, causal: bool = False, rotary: bool = False, postnorm: bool = False, rmsnorm: bool = False, swiglu: bool = False, activation: str | Layer | None = None, use_bias: bool = True, dropout: float | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Positions(Layer):
    def __init__(self, kind: str | None = None, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class PReLU(Layer):
    def __init__(self, *, slope: float | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Activation(Layer):
    def __init__(self, function: str | Layer, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Conv(Layer):
    def __init__(self, filters: int, kernel_size: int | Sequence[int], strides: int | Sequence[int] | None = None, padding: str | int | Sequence[int] | Sequence[Sequence[int]] | None = None, *, dilation_rate: int | Sequence[int] | None = None, groups: int | None = None, activation: str | Layer | None = None, use_bias: bool = True, kernel_initializer: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class DepthwiseConv(Layer):
    def __init__(self, kernel_size: int | Sequence[int], strides: int | Sequence[int] | None = None, padding: str | int | Sequence[int] | Sequence[Sequence[int]] | None = None, *, dilation_rate: int | Sequence[int] | None = None, depth_multiplier: int | None = None, activation: str | Layer | None = None, use_bias: bool = True, kernel_initializer: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class SeparableConv(Layer):
    def __init__(self, filters: int, kernel_size: int | Sequence[int], strides: int | Sequence[int] | None = None, padding: str | int | Sequence[int] | Sequence[Sequence[int]] | None = None, *, dilation_rate: int | Sequence[int] | None = None, depth_multiplier: int | None = None, activation: str | Layer | None = None, use_bias: bool = True, kernel_initializer: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class ConvTranspose(Layer):
    def __init__(self, filters: int, kernel_size: int | Sequence[int], strides: int | Sequence[int] | None = None, padding: str | int | Sequence[int] | Sequence[Sequence[int]] | None = None, *, dilation_rate: int | Sequence[int] | None = None, groups: int | None = None, output_padding: int | Sequence[int] | None = None, activation: str | Layer | None = None, use_bias: bool = True, kernel_initializer: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class MaxPool(Layer):
    def __init__(self, pool_size: int | Sequence[int] = 2, strides: int | Sequence[int] | None = None, padding: str | int | Sequence[int] | Sequence[Sequence[int]] | None = None, *, dilation_rate: int | Sequence[int] | None = None, ceil_mode: bool = False, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class AveragePool(Layer):
    def __init__(self, pool_size: int | Sequence[int] = 2, strides: int | Sequence[int] | None = None, padding: str | int | Sequence[int] | Sequence[Sequence[int]] | None = None, *, dilation_rate: int | Sequence[int] | None = None, ceil_mode: bool = False, count_include_pad: bool = False, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class AdaptiveAveragePool(Layer):
    def __init__(self, output_size: int | Sequence[int], *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class GlobalAveragePool(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class GlobalMaxPool(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class UpSampling(Layer):
    def __init__(self, size: int | Sequence[int] = 2, *, interpolation: str | None = None, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class ZeroPadding(Layer):
    def __init__(self, sides: int | Sequence[int] | Sequence[Sequence[int]] = 1, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class ReflectPad(Layer):
    def __init__(self, sides: int | Sequence[int] | Sequence[Sequence[int]] = 1, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class EdgePad(Layer):
    def __init__(self, sides: int | Sequence[int] | Sequence[Sequence[int]] = 1, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Cropping(Layer):
    def __init__(self, sides: int | Sequence[int] | Sequence[Sequence[int]] = 1, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class BatchNorm(Layer):
    def __init__(self, *, momentum: float | None = None, epsilon: float | None = None, center: bool = True, scale: bool = True, population_variance: bool = False, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class LayerNorm(Layer):
    def __init__(self, *, epsilon: float | None = None, center: bool = True, scale: bool = True, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class GroupNorm(Layer):
    def __init__(self, groups: int, *, epsilon: float | None = None, center: bool = True, scale: bool = True, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class InstanceNorm(Layer):
    def __init__(self, *, epsilon: float | None = None, center: bool = True, scale: bool = True, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class RMSNorm(Layer):
    def __init__(self, *, epsilon: float | None = None, scale: bool = True, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class ReLU(Layer):
    def __init__(self, max_value: float | None = None, negative_slope: float | None = 0.0, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class LeakyReLU(Layer):
    def __init__(self, negative_slope: float | None = None, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class ELU(Layer):
    def __init__(self, alpha: float | None = None, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Softmax(Layer):
    def __init__(self, axis: int = -1, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Identity(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class SELU(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Sigmoid(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Tanh(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class GELU(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class SiLU(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

class Softplus(Layer):
    def __init__(self, *, name: str | None = None, input_shape: Sequence[int] | None = None, **keywords: Any) -> None: ...

Linear = Dense

SpatialDropout1D = SpatialDropout

SpatialDropout2D = SpatialDropout

SpatialDropout3D = SpatialDropout

RNN = SimpleRNN

MultiheadAttention = MultiHeadAttention

TransformerEncoderLayer = Transformer

PositionEmbedding = Positions

Conv1D = Conv

Conv2D = Conv

Conv3D = Conv

Convolution1D = Conv

Convolution2D = Conv

Convolution3D = Conv

DepthwiseConv1D = DepthwiseConv

DepthwiseConv2D = DepthwiseConv

SeparableConv1D = SeparableConv

SeparableConv2D = SeparableConv

SeparableConvolution1D = SeparableConv

SeparableConvolution2D = SeparableConv

Conv1DTranspose = ConvTranspose

Conv2DTranspose = ConvTranspose

Conv3DTranspose = ConvTranspose

Convolution1DTranspose = ConvTranspose

Convolution2DTranspose = ConvTranspose

Convolution3DTranspose = ConvTranspose

MaxPooling1D = MaxPool

MaxPooling2D = MaxPool

MaxPooling3D = MaxPool

MaxPool1D = MaxPool

MaxPool2D = MaxPool

MaxPool3D = MaxPool

AveragePooling1D = AveragePool

AveragePooling2D = AveragePool

AveragePooling3D = AveragePool

AvgPool = AveragePool

AvgPool1D = AveragePool

AvgPool2D = AveragePool

AvgPool3D = AveragePool

AdaptiveAvgPool2d = AdaptiveAveragePool

GlobalAveragePooling1D = GlobalAveragePool

GlobalAveragePooling2D = GlobalAveragePool

GlobalAveragePooling3D = GlobalAveragePool

GlobalAvgPool1D = GlobalAveragePool

GlobalAvgPool2D = GlobalAveragePool

GlobalAvgPool3D = GlobalAveragePool

GlobalMaxPooling1D = GlobalMaxPool

GlobalMaxPooling2D = GlobalMaxPool

GlobalMaxPooling3D = GlobalMaxPool

GlobalMaxPool1D = GlobalMaxPool

GlobalMaxPool2D = GlobalMaxPool

GlobalMaxPool3D = GlobalMaxPool

UpSampling1D = UpSampling

UpSampling2D = UpSampling

UpSampling3D = UpSampling

Upsample = UpSampling

ZeroPadding1D = ZeroPadding

ZeroPadding2D = ZeroPadding

ZeroPadding3D = ZeroPadding

Cropping1D = Cropping

Cropping2D = Cropping

Cropping3D = Cropping

BatchNormalization = BatchNorm

LayerNormalization = LayerNorm

GroupNormalization = GroupNorm

RMSNormalization = RMSNorm

TABLE: list[tuple[str, str, str, str, str, str, str]]
ALIASES: dict[str, str]
FUNCTIONS: dict[str, tuple[str, Any, str]]
NAMES: list[str]

def as_layer(layer: Layer | str) -> Layer: ...
