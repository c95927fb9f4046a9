"""The shop's addresses, by what they are about. They are those of a Shopify storefront where one has them."""
