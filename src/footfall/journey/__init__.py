"""Attribution of conversions to channels."""
