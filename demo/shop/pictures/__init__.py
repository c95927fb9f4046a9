"""placeholder"""
from demo.shop.catalogue import Product
from demo.shop.colours import mix, tint


def draw(product: Product, *, colour: str = "", view: str = "whole") -> str:
    c = tint(colour or (product.tints or ["x"])[0])
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 800"><rect width="800" height="800" fill="{mix(c, "#f7f3ea", .8)}"/><circle cx="400" cy="400" r="200" fill="{c}"/></svg>'
