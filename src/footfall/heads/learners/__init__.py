"""Methods that heads fit: lifetimes, linear models, boosted trees and calibration."""
